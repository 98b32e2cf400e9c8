// A tab made of sections (System, Prompts): shows them and acts on their attributes; pages/sections.py lists these.
// Sections come as HTML from the server, escaped there; what is made here is made of text nodes only.
(() => {
  "use strict";

  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const REMEMBERED = "xiaoq.section.";
  const LINE = "xiaoq.line";

  const make = (tag, options = {}, ...children) => {
    const element = Object.assign(document.createElement(tag), options);
    element.append(...children);
    return element;
  };

  class Refused extends Error {
    constructor(message, field = "") {
      super(message);
      this.field = field;
    }
  }

  class SectionTab {
    constructor(root) {
      this.root = root;
      this.tab = root.dataset.tab;
      this.words = {};
      root.addEventListener("click", (event) => this.press(event));
      root.addEventListener("submit", (event) => this.submit(event));
      root.addEventListener("change", (event) => this.choose(event));
      root.addEventListener("toggle", (event) => this.unfold(event), true);
      root.addEventListener("focusin", (event) => {
        if (event.target.matches("textarea")) this.written = event.target;
      });
      this.open();
    }

    at(selector) {
      return this.root.querySelector(selector);
    }

    // The business line that the tab is about, where it is about one; it goes with every request.
    get line() {
      return this.at("[data-line-choice]")?.value || sessionStorage.getItem(LINE) || "";
    }

    address(way) {
      if (!this.root.querySelector("[data-line-choice]") && way !== "frame") return `/${this.tab}/${way}`;
      return `/${this.tab}/${way}${way.includes("?") ? "&" : "?"}line=${encodeURIComponent(this.line)}`;
    }

    async choose(event) {
      if (!event.target.matches("[data-line-choice]")) return;
      sessionStorage.setItem(LINE, event.target.value);
      this.at(".xq-sys-said").replaceChildren();
      await this.attempt(() => this.show(this.section));
    }

    async call(way, options = {}) {
      let response;
      try {
        response = await fetch(this.address(way), {
          ...options,
          headers: { "x-time-zone": zone, ...options.headers },
        });
      } catch {
        throw new Refused(this.words.error_internal_error || "");
      }
      if (response.ok) return response;
      if (response.status === 401) location.assign("/login");
      const told = await response.json().catch(() => null);
      throw new Refused(told?.error?.message || this.words.error_internal_error || "", told?.error?.param);
    }

    // What is folded away is fetched when it is opened for the first time.
    unfold({ target }) {
      const { get, query, into } = target.dataset;
      if (!target.matches("details[data-get]") || !target.open || this.at(`#${CSS.escape(into)}`).firstChild) return;
      this.attempt(() => this.fetched(get, query || "", into));
    }

    // Puts a text where the cursor was, so that it can be undone like typing.
    insert(text, form) {
      const field = form?.contains(this.written) ? this.written : form?.querySelector("textarea");
      if (!field) return;
      field.focus();
      if (!document.execCommand("insertText", false, text)) {
        field.setRangeText(text, field.selectionStart, field.selectionEnd, "end");
      }
    }

    // Selects a place: `NAME:start:end`, in characters as the server counts them.
    mark(place, form) {
      const [name, start, end] = place.split(":");
      const field = form?.elements[name];
      if (!field) return;
      const units = (count) => [...field.value].slice(0, Number(count)).join("").length;
      field.focus();
      field.setSelectionRange(units(start), units(end));
    }

    async post(way, sent, into = "") {
      const place = into ? this.at(`#${CSS.escape(into)}`) : null;
      place?.replaceChildren(); // what is asked next must not stand beside the last answer
      const response = await this.call(way, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(sent),
      });
      await this.told(await response.json(), place);
    }

    async told({ message, reveal, reload, replace = {}, line }, place = null) {
      if (line) {
        sessionStorage.setItem(LINE, line);
        this.root.replaceChildren(); // the list of lines is another one now
        await this.open();
      }
      for (const [id, html] of Object.entries(replace)) {
        const fresh = make("div");
        fresh.innerHTML = html;
        this.at(`#${CSS.escape(id)}`)?.replaceWith(...fresh.childNodes);
      }
      const said = this.at(".xq-sys-said");
      said.replaceChildren();
      if (message) said.append(make("p", { className: "xq-banner" }, make("span", {}, message)));
      if (reveal && place) {
        place.innerHTML = reveal;
        this.keepUp(place);
      } else if (reveal) {
        const shown = make("div", { className: "xq-banner xq-sys-reveal" });
        shown.innerHTML = reveal;
        said.append(shown);
        this.keepUp(shown);
      }
      if (reload) await this.show(this.section);
      if (message || (reveal && !place)) said.scrollIntoView({ block: "nearest" });
    }

    async open() {
      try {
        this.root.innerHTML = await (await this.call("frame")).text();
      } catch (error) {
        this.root.replaceChildren(make("p", { className: "xq-empty", role: "alert" }, error.message));
        return;
      } finally {
        this.root.removeAttribute("aria-busy");
      }
      this.words = JSON.parse(this.at(".xq-sys").dataset.words);
      const names = [...this.root.querySelectorAll("[data-section]")].map((each) => each.dataset.section);
      const wanted = sessionStorage.getItem(REMEMBERED + this.tab);
      await this.attempt(() => this.show(names.includes(wanted) ? wanted : names[0]));
    }

    // What was asked for last is what is shown, whichever answer comes last.
    async show(section) {
      const asked = (this.asked = {});
      this.section = section;
      let html;
      try {
        html = await (await this.call(section)).text();
      } catch (error) {
        if (asked === this.asked) throw error;
      }
      if (asked !== this.asked) return;
      sessionStorage.setItem(REMEMBERED + this.tab, section);
      this.at(".xq-sys-section").innerHTML = html;
      this.keepUp(this.at(".xq-sys-section"));
      for (const each of this.root.querySelectorAll("[data-section]")) {
        if (each.dataset.section !== section) {
          each.removeAttribute("aria-current");
          continue;
        }
        each.setAttribute("aria-current", "page");
        const row = each.closest("ul"); // on a phone it scrolls sideways
        row.scrollLeft = each.offsetLeft - row.offsetLeft;
      }
    }

    // Runs what was pressed; a refusal is said in the form, else above the section.
    async attempt(work, form = null) {
      const place = form || this.at(".xq-sys-said");
      for (const old of place.querySelectorAll(form ? ".xq-error" : ":scope > .xq-error")) old.remove();
      for (const field of place.querySelectorAll("[aria-invalid]")) field.removeAttribute("aria-invalid");
      const button = form?.querySelector("[type=submit]");
      if (button) button.disabled = true;
      try {
        await work();
      } catch (error) {
        if (!(error instanceof Refused)) throw error;
        this.refuse(place, error);
      } finally {
        if (button) button.disabled = false;
      }
    }

    // Says what is wrong beneath the field it is about, where the form has that field.
    refuse(place, error) {
      const said = make("p", { className: "xq-error", role: "alert" }, error.message);
      const named = error.field ? place.elements?.[error.field] : null;
      const field = named instanceof RadioNodeList ? named[0] : named;
      if (!field || field.type === "hidden") return place.append(said);
      for (const folded of this.root.querySelectorAll("details")) if (folded.contains(field)) folded.open = true;
      (field.closest("fieldset, .xq-field") || field.parentElement).append(said);
      field.setAttribute("aria-invalid", "true");
      field.focus();
    }

    press(event) {
      const button = event.target.closest("button");
      if (!button || !this.root.contains(button)) return;
      const { section, post, get, copy, ask, insert, mark } = button.dataset;
      if (insert) this.insert(insert, button.form);
      else if (mark) this.mark(mark, button.form);
      else if (section) {
        this.at(".xq-sys-said").replaceChildren();
        this.attempt(async () => {
          await this.show(section);
          this.at(".xq-sys-section").focus();
        });
      } else if (copy) {
        navigator.clipboard.writeText(copy).then(() => (button.textContent = this.words.copied));
      } else if (get) {
        this.attempt(() => this.fetched(get, button.dataset.query || "", button.dataset.into));
      } else if (post && ask) {
        this.ask(button);
      } else if (post) {
        this.attempt(() => this.post(post, sentBy(button)));
      }
    }

    ask(button) {
      this.at(".xq-ask-first")?.remove();
      const { post, ask, yes } = button.dataset;
      const sure = make("button", { type: "button", className: "xq-button xq-danger" }, yes || button.textContent);
      const no = make("button", { type: "button", className: "xq-button" }, this.words.cancel);
      const banner = make("div", { className: "xq-banner xq-ask-first", role: "group" }, make("span", {}, ask), sure, no);
      banner.setAttribute("aria-label", ask);
      sure.addEventListener("click", () => {
        banner.remove();
        this.attempt(() => this.post(post, sentBy(button)));
      });
      no.addEventListener("click", () => {
        banner.remove();
        button.focus();
      });
      const row = button.closest("tr");
      if (row) {
        const cell = make("td", { colSpan: row.children.length }, banner);
        const asking = make("tr", { className: "xq-ask-first" }, cell);
        banner.remove = () => asking.remove();
        row.after(asking);
      } else button.parentElement.append(banner);
      sure.focus();
    }

    submit(event) {
      const form = event.target;
      const { post, get, file, into } = form.dataset;
      if (!post && !get && !file) return;
      event.preventDefault();
      const fields = new FormData(form);
      if (post) this.attempt(() => this.post(post, asObject(fields), into), form);
      else if (get) this.attempt(() => this.fetched(get, asQuery(fields), into), form);
      else this.attempt(() => this.sendFile(file, fields), form);
    }

    async fetched(way, query, into) {
      const html = await (await this.call(query ? `${way}?${query}` : way)).text();
      const place = this.at(`#${CSS.escape(into)}`);
      place.innerHTML = html;
      this.keepUp(place);
    }

    // What is under way shows how far it is, until it is done or somebody looks elsewhere.
    keepUp(place) {
      for (const each of place.querySelectorAll("[data-refresh]")) {
        setTimeout(async () => {
          if (!each.isConnected) return;
          if (each.querySelector(".xq-ask-first")) return this.keepUp(each.parentElement); // somebody is being asked
          const fresh = make("div");
          try {
            fresh.innerHTML = await (await this.call(each.dataset.refresh)).text();
          } catch (error) {
            if (!(error instanceof Refused)) throw error;
            fresh.append(make("p", { className: "xq-error", role: "alert" }, error.message));
          }
          if (!each.isConnected) return;
          if (fresh.querySelector("[data-reload]")) return this.attempt(() => this.show(this.section));
          const around = each.parentElement;
          each.replaceWith(...fresh.childNodes);
          this.keepUp(around);
        }, Number(each.dataset.every) || 1000);
      }
    }

    async sendFile(way, fields) {
      const chosen = [...fields.values()].find((value) => value instanceof File);
      if (!chosen) return;
      const response = await this.call(`${way}?${asQuery(fields)}`, {
        method: "POST",
        headers: { "x-file-name": encodeURIComponent(chosen.name), "content-type": "application/octet-stream" },
        body: chosen,
      });
      await this.told(await response.json());
    }
  }

  // Everything a button carries but what steers this script.
  const sentBy = (button) => {
    const { post, ask, yes, ...sent } = button.dataset;
    return sent;
  };

  const asObject = (fields) => {
    const sent = {};
    for (const name of new Set(fields.keys())) {
      const values = fields.getAll(name).filter((value) => typeof value === "string");
      sent[name] = values.length > 1 ? values : values[0];
    }
    return sent;
  };

  const asQuery = (fields) =>
    new URLSearchParams([...fields].filter(([, value]) => typeof value === "string")).toString();

  window.xiaoqSections = (element) => {
    const root = element.querySelector(".xq-sys-root");
    if (root && !root.dataset.filled) {
      root.dataset.filled = "yes";
      new SectionTab(root);
    }
  };
})();
