// The playground of the Prompts tab: sends questions and contenders, puts what is said into columns, stops, compares.
// Pieces of HTML come from the server, escaped there; what is made here is made of text nodes only.
(() => {
  "use strict";

  const MARKS = "xiaoq.marks";
  const QUESTIONS = "xiaoq.questions."; // by line: who mends a prompt and comes back asks the same again

  const make = (tag, options = {}, ...children) => {
    const { dataset, ...rest } = options;
    const element = Object.assign(document.createElement(tag), rest);
    Object.assign(element.dataset, dataset || {});
    element.append(...children);
    return element;
  };

  // The events of a response as they come: name and data.
  async function* events(response) {
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = "";
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      rest += value;
      const whole = rest.split("\n\n");
      rest = whole.pop();
      for (const each of whole) {
        const [, name, data] = /^event: (\w+)\ndata: (.*)$/s.exec(each) || [];
        if (name) yield [name, JSON.parse(data)];
      }
    }
  }

  class Playground {
    constructor(form) {
      this.form = form;
      this.section = form.parentElement;
      this.words = JSON.parse(form.dataset.words);
      this.most = Number(form.dataset.most);
      this.leaving = null;
      this.mark(sessionStorage.getItem(MARKS) === "yes");
      form.elements.questions.value ||= sessionStorage.getItem(QUESTIONS + this.line) || "";
    }

    get line() {
      return this.form.closest(".xq-sys-root").querySelector("[data-line-choice]").value;
    }

    at(selector) {
      return this.section.querySelector(selector);
    }

    get contenders() {
      return [...this.form.querySelectorAll(".xq-pg-contender")];
    }

    say(key, values = {}) {
      return this.words[key].replace(/\{(\w+)\}/g, (_, name) => values[name]);
    }

    mark(on) {
      sessionStorage.setItem(MARKS, on ? "yes" : "no");
      this.at("[data-pg=marks]").checked = on;
      this.at(".xq-pg").classList.toggle("xq-pg-marked", on);
    }

    // Numbers the contenders anew, and lets one be added or removed where that leaves two to four.
    count() {
      const all = this.contenders;
      all.forEach((each, at) => {
        each.querySelector("legend").textContent = this.say("pg_contender", { number: at + 1 });
        each.querySelector("[data-pg=remove]").hidden = all.length <= 2;
      });
      this.form.querySelector("[data-pg=add]").hidden = all.length >= this.most;
    }

    add() {
      this.form.querySelector(".xq-pg-contenders").append(this.form.querySelector("template").content.cloneNode(true));
      this.count();
      this.contenders.at(-1).querySelector("select").focus();
    }

    remove(button) {
      button.closest(".xq-pg-contender").remove();
      this.count();
      this.contenders.at(-1).querySelector("select").focus();
    }

    fail(message) {
      const place = this.form.querySelector(":scope > .xq-error");
      place.textContent = message;
      place.hidden = !message;
    }

    asked() {
      const contenders = this.contenders.map((each) =>
        Object.fromEntries([...each.querySelectorAll("select, input")].map((field) => [field.name, field.value])),
      );
      return { questions: this.form.elements.questions.value, contenders };
    }

    // Answers that are about to go may have beside them what somebody wrote and did not keep.
    begin(from) {
      if (this.leaving) return;
      const detail = { from, does: () => this.run() };
      this.at(".xq-pg").dispatchEvent(new CustomEvent("xiaoq-losing", { bubbles: true, detail }));
    }

    async run() {
      if (this.leaving) return; // a question that was asked before another run began
      this.leaving = new AbortController();
      this.fail("");
      this.busy(true);
      let begun = false;
      try {
        sessionStorage.setItem(QUESTIONS + this.line, this.form.elements.questions.value);
        const response = await fetch(`/prompts/playground/run?line=${encodeURIComponent(this.line)}`, {
          method: "POST",
          headers: { "content-type": "application/json" },
          body: JSON.stringify(this.asked()),
          signal: this.leaving.signal,
        });
        if (response.status === 401) window.xiaoqTabs.signIn();
        if (!response.ok) {
          this.fail((await response.json().catch(() => null))?.error?.message || this.words.unreached);
          return;
        }
        begun = true;
        let whole = false;
        for await (const [name, data] of events(response)) {
          if (!this.form.isConnected) return this.stop(); // somebody looks elsewhere
          whole = name === "done";
          this.take(name, data);
        }
        this.status(this.words[whole ? "pg_done" : "pg_lost"]);
      } catch (error) {
        if (error.name !== "AbortError" && !(error instanceof TypeError)) throw error;
        if (error.name === "AbortError") this.end(this.words.pg_stopped);
        else if (begun) this.end(this.words.pg_lost);
        else this.fail(this.words.unreached);
      } finally {
        this.leaving = null;
        this.busy(false);
      }
    }

    busy(on) {
      this.form.querySelector("[type=submit]").hidden = on;
      const stop = this.form.querySelector("[data-pg=stop]");
      stop.hidden = !on;
      if (on) stop.focus();
      else if (document.activeElement === document.body) this.form.querySelector("[type=submit]").focus();
    }

    stop() {
      this.leaving?.abort();
    }

    end(sentence) {
      this.status(sentence);
      for (const each of this.section.querySelectorAll(".xq-pg-cell[aria-busy]")) {
        each.removeAttribute("aria-busy");
        const waiting = each.querySelector(".xq-pg-waiting");
        if (waiting) waiting.textContent = sentence;
      }
    }

    status(sentence) {
      this.at(".xq-pg-head [role=status]").textContent = sentence;
    }

    // Empty columns for every question, and on a phone the switch between them.
    lay(questions) {
      const names = this.contenders.map((each) => this.nameOf(each));
      const place = this.at(".xq-pg");
      place.style.setProperty("--columns", names.length);
      place.replaceChildren(
        ...questions.map((question) =>
          make(
            "section",
            { className: "xq-pg-question" },
            make("h4", { dir: "auto" }, question),
            make("div", { className: "xq-pg-row" }, ...names.map((name, at) => this.cell(name, at))),
          ),
        ),
      );
      this.at(".xq-pg-switch").replaceChildren(
        ...names.map((name, at) => make("button", { type: "button", dataset: { pg: "show", at } }, name)),
      );
      this.at(".xq-pg-switch").hidden = this.at(".xq-pg-head").hidden = false;
      this.show(0);
      this.left = questions.length * names.length;
      this.total = this.left;
      this.status(this.say("pg_progress", { done: 0, total: this.total }));
    }

    nameOf(contender) {
      const select = contender.querySelector("select");
      const own = [...contender.querySelectorAll("input")]
        .filter((field) => field.value)
        .map((field) => `${field.name} ${field.value}`);
      return [select.selectedOptions[0].textContent, ...own].join(" · ");
    }

    cell(name, at) {
      const waiting = make("p", { className: "xq-meta xq-pg-waiting" }, this.words.pg_waiting);
      const cell = make(
        "article",
        { className: "xq-pg-cell", dataset: { contender: at } },
        make("h5", {}, name),
        make("div", { className: "xq-pg-said xq-text", dir: "auto" }, waiting),
        make("div", { className: "xq-pg-diff xq-text", dir: "auto", hidden: true }),
        make("div", { className: "xq-pg-foot" }),
      );
      cell.setAttribute("aria-busy", "true");
      return cell;
    }

    show(at) {
      this.at(".xq-pg").dataset.shown = at;
      this.at(".xq-pg-switch")
        .querySelectorAll("button")
        .forEach((each) => each.setAttribute("aria-pressed", String(each.dataset.at === String(at))));
    }

    cellAt(question, contender) {
      return this.at(".xq-pg").children[question]?.querySelector(`[data-contender="${contender}"]`);
    }

    take(name, data) {
      if (name === "asked") return this.lay(data.questions);
      if (name === "compared") {
        data.html.forEach((html, contender) => this.compare(this.cellAt(data.question, contender), html));
        return;
      }
      const cell = this.cellAt(data.question, data.contender);
      if (!cell) return;
      const said = cell.querySelector(".xq-pg-said");
      if (name === "delta" || name === "finished") said.innerHTML = data.html;
      if (name === "delta") return;
      if (name === "finished") {
        const facts = make("p", { className: "xq-meta" });
        facts.innerHTML = data.facts;
        const rest = make("div");
        rest.innerHTML = data.sources + data.keep;
        cell.querySelector(".xq-pg-foot").replaceChildren(facts, ...rest.childNodes);
      } else {
        said.querySelector(".xq-pg-waiting")?.remove();
        cell.querySelector(".xq-pg-foot").append(make("p", { className: "xq-error", role: "alert" }, data.message));
      }
      cell.removeAttribute("aria-busy");
      this.left -= 1;
      this.status(this.say("pg_progress", { done: this.total - this.left, total: this.total }));
    }

    compare(cell, html) {
      if (!cell || html === null) return;
      const place = cell.querySelector(".xq-pg-diff");
      place.innerHTML = html;
      place.hidden = false;
      cell.classList.add("xq-pg-compared");
    }

    // What is selected in the reference answer becomes a line of what an answer must contain.
    fact(button) {
      const { reference, facts } = button.form.elements;
      const chosen = reference.value.slice(reference.selectionStart, reference.selectionEnd).trim();
      if (!chosen) return;
      const line = chosen.replace(/\s+/g, " ");
      facts.value = facts.value.trim() ? `${facts.value.trimEnd()}\n${line}` : line;
    }
  }

  // The section comes and goes with the tab; what belongs to a form that is gone goes with it.
  const known = new WeakMap();
  const of = (target) => {
    const form = target.closest?.(".xq-sys-section")?.querySelector("form[data-playground]");
    if (form && !known.has(form)) known.set(form, new Playground(form));
    return form ? known.get(form) : null;
  };

  document.addEventListener("xiaoq-shown", (event) => of(event.target));
  document.addEventListener("submit", (event) => {
    if (!event.target.matches("form[data-playground]")) return;
    event.preventDefault();
    of(event.target).begin(document.activeElement);
  });
  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("button[data-pg]");
    const here = button && of(button);
    if (!here) return;
    const { pg, at } = button.dataset;
    if (pg === "stop") here.stop();
    else if (pg === "add") here.add();
    else if (pg === "remove") here.remove(button);
    else if (pg === "show") here.show(at);
    else if (pg === "fact") here.fact(button);
  });
  document.addEventListener("change", (event) => {
    if (event.target.matches?.("[data-pg=marks]")) of(event.target)?.mark(event.target.checked);
  });
  document.addEventListener("keydown", (event) => {
    const here = of(event.target);
    if (!here) return;
    if (event.key === "Escape" && here.leaving) here.stop();
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && event.target.name === "questions")
      here.form.requestSubmit();
  });
})();
