// A tab made of sections (System, Prompts): shows them and acts on their attributes; pages/sections.py lists these.
// Sections come as HTML from the server, escaped there; what is made here is made of text nodes only.
(() => {
  "use strict";

  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const REMEMBERED = "xiaoq.section.";
  const LINE = "xiaoq.line";
  const SIGNED_OUT = "signed out";

  const make = (tag, options = {}, ...children) => {
    const element = Object.assign(document.createElement(tag), options);
    element.append(...children);
    return element;
  };

  // `passing` is what another try may not meet: no connection, a session that is over, or a server that is not itself.
  class Refused extends Error {
    constructor(message, field = "", passing = false) {
      super(message);
      this.field = field;
      this.passing = passing;
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
      root.addEventListener("input", (event) => this.type(event));
      root.addEventListener("xiaoq-losing", ({ target, detail }) => {
        this.losing(this.unsavedIn(target), detail.from, detail.does);
      });
      // A browser says nothing of a field that will not do where it is folded away.
      root.addEventListener("invalid", (event) => this.unfoldAround(event.target), true);
      root.addEventListener("keydown", (event) => {
        if (event.key === "Escape") this.at(".xq-ask-first .xq-no")?.click();
      });
      window.addEventListener("beforeunload", (event) => {
        if (this.unsaved) event.preventDefault();
      });
      root.addEventListener("focusin", (event) => {
        if (event.target.matches("textarea")) this.written = event.target;
      });
      this.open();
    }

    at(selector) {
      return this.root.querySelector(selector);
    }

    // Before the server has given its words, there are only these.
    get unreached() {
      return this.root.dataset[/^zh/i.test(navigator.language) ? "unreachedZh" : "unreachedEn"];
    }

    // What went wrong; where somebody is signed out, with the way in.
    sentence({ message }) {
      const said = make("p", { className: "xq-error", role: "alert" });
      if (message !== SIGNED_OUT) said.append(message);
      else said.append(this.words.signed_out, " ", make("a", { href: "/login", target: "_blank" }, this.words.sign_in));
      return said;
    }

    // The business line that the tab is about, where it is about one; it goes with every request.
    get line() {
      return this.at("[data-line-choice]")?.value || sessionStorage.getItem(LINE) || "";
    }

    address(way) {
      if (!this.root.querySelector("[data-line-choice]") && way !== "frame") return `/${this.tab}/${way}`;
      return `/${this.tab}/${way}${way.includes("?") ? "&" : "?"}line=${encodeURIComponent(this.line)}`;
    }

    async choose({ target }) {
      if (!target.matches("[data-line-choice]")) return;
      const chosen = target.value;
      target.value = this.shown; // until nothing stands in the way
      this.goes(target, async () => {
        target.value = chosen;
        sessionStorage.setItem(LINE, chosen);
        await this.show(this.section);
      });
    }

    // Whether forms hold what somebody wrote and did not save: those in a place, but for one that is being sent.
    unsavedIn(place, sent = null) {
      return [...place.querySelectorAll("form[data-unsaved]")].some((form) => form !== sent && isChanged(form));
    }

    get unsaved() {
      return this.unsavedIn(this.root);
    }

    // What a form did last no longer holds once somebody goes on writing; it may say so.
    type({ target }) {
      const form = target.form;
      form?.querySelector(".xq-line-saved")?.remove();
      if (!form?.dataset.unsaved || !form.dataset.into || !isChanged(form)) return;
      const place = this.at(`#${CSS.escape(form.dataset.into)}`);
      if (place.querySelector("[role=alert]")) return; // what is to be mended stays while it is being mended
      place.replaceChildren(make("p", { className: "xq-meta" }, form.dataset.unsaved));
    }

    // Goes elsewhere within the tab.
    goes(from, work) {
      const go = () => {
        this.at(".xq-sys-said").replaceChildren();
        this.attempt(work);
      };
      this.losing(this.unsaved, from, go, this.words.leave_unsaved, this.words.leave);
    }

    // Does at once what takes nothing away that somebody wrote, the rest after asking; `from` has the keyboard again
    // where the answer is no.
    losing(unsaved, from, does, asked = this.words.lose_unsaved, yes = this.words.go_on) {
      if (!unsaved) return does();
      const said = this.at(".xq-sys-said");
      said.replaceChildren();
      this.question(said, asked, yes, does, () => from.focus());
      said.scrollIntoView({ block: "nearest" });
    }

    call(way, options = {}) {
      return this.reach(this.address(way), options);
    }

    async reach(address, options = {}) {
      let response;
      try {
        response = await fetch(address, {
          ...options,
          headers: { "x-time-zone": zone, ...options.headers },
        });
      } catch {
        throw new Refused(this.words.unreached || this.unreached, "", true);
      }
      if (response.ok) return response;
      if (response.status === 401) {
        // What somebody wrote would be gone with the page: they sign in beside it.
        if (this.unsaved) throw new Refused(SIGNED_OUT, "", true);
        window.xiaoqTabs.signIn();
      }
      const told = await response.json().catch(() => null);
      const message = told?.error?.message || this.words.error_internal_error || "";
      throw new Refused(message, told?.error?.param, response.status >= 500);
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
      const [from, to] = [units(start), units(end)];
      // A browser scrolls a field to its cursor when the field gets the keyboard, and does not to a selection.
      field.blur();
      field.setSelectionRange(from, from);
      field.focus();
      field.setSelectionRange(from, to);
    }

    async post(way, sent, into = "", form = null) {
      this.at(".xq-sys-said").replaceChildren(); // what was said of the act before
      const place = into ? this.at(`#${CSS.escape(into)}`) : null;
      place?.replaceChildren(); // what is asked next must not stand beside the last answer
      const response = await this.call(way, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(sent),
      });
      await this.told(await response.json(), place, form);
    }

    async told({ message, reveal, reload, replace = {}, line, kept, open }, place = null, form = null) {
      if (kept && form) settle(form);
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
      if (message) this.say(message);
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
      if (open) this.unfoldAt(open);
      // What had the keyboard may be gone.
      else if (document.activeElement === document.body) this.at(".xq-sys-section").focus({ preventScroll: true });
      if (message || (reveal && !place)) said.scrollIntoView({ block: "nearest" });
    }

    say(message) {
      this.at(".xq-sys-said").append(make("p", { className: "xq-banner" }, make("span", {}, message)));
    }

    unfoldAround(field) {
      for (const folded of this.root.querySelectorAll("details")) if (folded.contains(field)) folded.open = true;
    }

    // Opens what is folded around an element, and goes there.
    unfoldAt(id) {
      const folded = this.at(`#${CSS.escape(id)}`)?.closest("details");
      if (!folded) return;
      folded.open = true;
      folded.querySelector("summary").focus({ preventScroll: true });
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
      const place = this.at(".xq-sys-section");
      place.setAttribute("aria-busy", "true");
      let html;
      try {
        html = await (await this.call(section)).text();
      } catch (error) {
        if (asked === this.asked) throw error;
      } finally {
        if (asked === this.asked) place.removeAttribute("aria-busy");
      }
      if (asked !== this.asked) return;
      this.shown = this.line;
      sessionStorage.setItem(REMEMBERED + this.tab, section);
      place.innerHTML = html;
      place.dispatchEvent(new CustomEvent("xiaoq-shown", { bubbles: true })); // a section with a script of its own begins
      this.keepUp(place);
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
      const said = this.sentence(error);
      const named = error.field ? place.elements?.[error.field] : null;
      const field = named instanceof RadioNodeList ? named[0] : named;
      if (!field || field.type === "hidden") {
        place.append(said);
        said.scrollIntoView({ block: "nearest" });
        return;
      }
      this.unfoldAround(field);
      (field.closest("fieldset, .xq-field") || field.parentElement).append(said);
      field.setAttribute("aria-invalid", "true");
      field.focus();
    }

    // A browser that follows a link itself says nothing here where there is nothing to save.
    async save(link) {
      const response = await this.reach(link.href);
      const named = /filename="([^"]+)"/.exec(response.headers.get("content-disposition") || "");
      const url = URL.createObjectURL(await response.blob());
      window.xiaoqDownload({ url, orig_name: named?.[1] });
      setTimeout(() => URL.revokeObjectURL(url), 60_000);
    }

    press(event) {
      const link = event.target.closest("a[download]");
      if (link && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
        event.preventDefault();
        this.attempt(() => this.save(link));
        return;
      }
      const button = event.target.closest("button");
      if (!button || !this.root.contains(button)) return;
      const { section, post, get, copy, ask, insert, mark, folds } = button.dataset;
      if (insert) this.insert(insert, button.form);
      else if (mark) this.mark(mark, button.form);
      else if (section) {
        const report = button.dataset.report || "";
        this.goes(button, async () => {
          await this.show(section);
          this.at(".xq-sys-section").focus();
          if (report) await this.goTo(report);
        });
      } else if (copy) {
        navigator.clipboard.writeText(copy).then(() => (button.textContent = this.words.copied));
      } else if (get && folds && this.at(`#${CSS.escape(button.dataset.into)}`).firstChild) {
        const place = this.at(`#${CSS.escape(button.dataset.into)}`);
        this.losing(this.unsavedIn(place), button, () => {
          place.replaceChildren();
          button.setAttribute("aria-expanded", "false");
        });
      } else if (get) {
        this.attempt(async () => {
          await this.fetched(get, button.dataset.query || "", button.dataset.into);
          if (folds) button.setAttribute("aria-expanded", "true");
        });
      } else if (post && ask) {
        this.ask(button);
      } else if (post) {
        const work = () => this.attempt(() => this.post(post, sentBy(button)));
        this.once(button, work, event.detail);
      }
    }

    // A second click of a double click does not do it again, be the first one over by then or under way.
    async once(button, work, clicks) {
      if (clicks > 1 || button.hasAttribute("aria-busy")) return;
      this.losing(this.unsaved, button, async () => {
        button.setAttribute("aria-busy", "true");
        await work();
        button.removeAttribute("aria-busy");
      });
    }

    // The report with this id: fetched where it is folded away, and brought into view.
    async goTo(report) {
      const place = this.at(`#${CSS.escape(`xq-report-${report}`)}`);
      const opens = place && this.at(`[data-into="${CSS.escape(place.id)}"]`);
      if (!opens) return; // it stands on top, or is too long ago
      await this.fetched(opens.dataset.get, opens.dataset.query, place.id);
      opens.setAttribute("aria-expanded", "true");
      place.closest("li").scrollIntoView({ block: "start" });
    }

    ask(button) {
      const { post, ask, yes } = button.dataset;
      const row = button.closest("tr");
      const sure = () => this.attempt(() => this.post(post, sentBy(button)));
      const asked = this.unsaved ? `${ask} ${this.words.lose_unsaved}` : ask;
      this.question(row || button.parentElement, asked, yes || button.textContent, sure, () => button.focus());
    }

    // Asks in a place, or beneath it where it is a row of a table.
    question(place, asked, yes, does, not) {
      this.at(".xq-ask-first")?.remove();
      const sure = make("button", { type: "button", className: "xq-button xq-danger" }, yes);
      const no = make("button", { type: "button", className: "xq-button xq-no" }, this.words.cancel);
      const banner = make("div", { className: "xq-banner xq-ask-first", role: "group" }, make("span", {}, asked), sure, no);
      banner.setAttribute("aria-label", asked);
      let whole = banner;
      if (place.matches("tr")) {
        const cell = make("td", { colSpan: place.children.length }, banner);
        whole = make("tr", { className: "xq-ask-first" }, cell);
        place.after(whole);
      } else place.append(banner);
      const pressed = (then) => () => {
        whole.remove();
        then();
      };
      sure.addEventListener("click", pressed(does));
      no.addEventListener("click", pressed(not));
      sure.focus();
    }

    submit(event) {
      const form = event.target;
      const { post, get, file, into, stays } = form.dataset;
      if (!post && !get && !file) return;
      event.preventDefault();
      const fields = new FormData(form);
      if (get) return this.attempt(() => this.fetched(get, asQuery(fields), into), form);
      const work = () => (post ? this.post(post, asObject(fields), into, form) : this.sendFile(file, fields));
      const others = !stays && this.unsavedIn(this.root, form);
      this.losing(others, event.submitter || form, () => this.attempt(work, form));
    }

    async fetched(way, query, into) {
      const html = await (await this.call(query ? `${way}?${query}` : way)).text();
      const place = this.at(`#${CSS.escape(into)}`);
      place.innerHTML = html;
      this.keepUp(place);
    }

    // What is under way shows how far it is, until it is done or somebody looks elsewhere.
    keepUp(place) {
      const moving = [...place.querySelectorAll("[data-refresh]")];
      if (place.matches("[data-refresh]")) moving.push(place);
      for (const each of moving) {
        setTimeout(() => this.refresh(each), Number(each.dataset.every) || 1000);
      }
    }

    async refresh(each) {
      if (!each.isConnected) return;
      if (each.querySelector(".xq-ask-first")) return this.keepUp(each); // somebody is being asked
      const fresh = make("div");
      try {
        fresh.innerHTML = await (await this.call(each.dataset.refresh)).text();
      } catch (error) {
        if (!(error instanceof Refused)) throw error;
        const said = this.sentence(error);
        if (!error.passing) return each.replaceWith(said);
        if (!each.querySelector(":scope > .xq-error")) each.append(said);
        return this.keepUp(each);
      }
      if (!each.isConnected) return;
      const over = fresh.querySelector("[data-reload]");
      // Showing all of it anew would take what somebody is writing beside it.
      if (over && !this.unsaved) {
        await this.attempt(() => this.show(this.section));
        if (over.dataset.reload) this.say(over.dataset.reload);
        return;
      }
      const nodes = [...fresh.children];
      each.replaceWith(...nodes);
      for (const node of nodes) this.keepUp(node);
    }

    async sendFile(way, fields) {
      const chosen = [...fields.values()].find((value) => value instanceof File);
      if (!chosen) return;
      this.at(".xq-sys-said").replaceChildren();
      const response = await this.call(`${way}?${asQuery(fields)}`, {
        method: "POST",
        headers: { "x-file-name": encodeURIComponent(chosen.name), "content-type": "application/octet-stream" },
        body: chosen,
      });
      await this.told(await response.json());
    }
  }

  // Whether anything in a form is not as it came, or as it was kept last.
  const isChanged = (form) =>
    [...form.elements].some((field) => {
      if (field.matches("[type=checkbox], [type=radio]")) return field.checked !== field.defaultChecked;
      if (field.matches("select")) {
        const first = [...field.options].find((each) => each.defaultSelected) || field.options[0];
        return Boolean(first) && !first.selected;
      }
      if (!field.matches("textarea, input:not([type=hidden], [type=file])")) return false;
      // A field holds lines as browsers write them, one of a single line none.
      const came = field.defaultValue.replace(/\r\n?/g, "\n");
      return field.value !== (field.matches("input") ? came.replace(/\n/g, "") : came);
    });

  // What a form holds is kept now.
  const settle = (form) => {
    for (const field of form.elements) {
      if (field.matches("[type=checkbox], [type=radio]")) field.defaultChecked = field.checked;
      else if (field.matches("select")) for (const each of field.options) each.defaultSelected = each.selected;
      else if (field.matches("textarea, input:not([type=hidden], [type=file])")) field.defaultValue = field.value;
    }
  };

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
