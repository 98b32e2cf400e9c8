// The Knowledge tab: uploads with their progress, the lists and their actions, the test bench.
// Lists come as HTML from the server, escaped there; what is made here is made of text nodes only.
(() => {
  "use strict";

  const AT_ONCE = 3;
  const REMEMBERED = "xiaoq.uploads";
  const OPEN = ["sending", "waiting", "reading"];
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;

  const make = (tag, options = {}, ...children) => {
    const { dataset, ...rest } = options;
    const element = Object.assign(document.createElement(tag), rest);
    Object.assign(element.dataset, dataset || {});
    element.append(...children.filter((child) => child !== null));
    return element;
  };

  class Refused extends Error {}

  class KnowledgeTab {
    constructor(root) {
      this.root = root;
      this.base = sessionStorage.getItem("xiaoq.base") || "";
      this.words = {};
      this.all = {};
      this.order = "updated";
      this.status = "";
      this.asked = "";
      root.addEventListener("click", (event) => this.press(event));
      root.addEventListener("change", (event) => this.change(event));
      root.addEventListener("submit", (event) => this.submit(event));
      root.addEventListener("input", (event) => this.type(event));
      for (const kind of ["dragenter", "dragover", "dragleave", "drop"])
        root.addEventListener(kind, (event) => this.drag(event));
      this.open();
    }

    // Uploads by the base they go to: a change of base stops none.
    get uploads() {
      return (this.all[this.base] ??= []);
    }

    set uploads(uploads) {
      this.all[this.base] = uploads;
    }

    at(selector) {
      return this.root.querySelector(selector);
    }

    say(key, values = {}) {
      return (this.words[key] || "").replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
    }

    address(name, query = {}, base = this.base) {
      return `/knowledge/${name}?${new URLSearchParams({ base, ...query })}`;
    }

    async answer(response) {
      if (response.ok) return response;
      const refusal = await response.json().catch(() => ({}));
      throw new Refused(refusal.error?.message || this.say("error_internal_error"));
    }

    async html(name, query) {
      const headers = { "x-time-zone": zone };
      return (await this.answer(await fetch(this.address(name, query), { headers }))).text();
    }

    async post(name, body) {
      const headers = { "content-type": "application/json", "x-time-zone": zone };
      const options = { method: "POST", headers, body: JSON.stringify(body) };
      return this.answer(await fetch(this.address(name), options));
    }

    // --- the frame ---------------------------------------------------------------------------------------

    async open() {
      this.root.setAttribute("aria-busy", "true");
      try {
        this.root.innerHTML = await this.html("frame");
      } catch (error) {
        this.root.textContent = error.message;
        return;
      } finally {
        this.root.removeAttribute("aria-busy");
      }
      const frame = this.at(".xq-kb");
      this.words = JSON.parse(frame.dataset.words);
      this.largest = Number(frame.dataset.largest);
      this.base = this.at("#xq-base").value;
      this.asked = "";
      this.remember(this.recall());
      await this.refresh();
      await Promise.all([this.fill("#xq-golden", "golden"), this.follow()]);
    }

    async fill(selector, name, query) {
      const place = this.at(selector);
      // The last one asked for is shown, whichever comes last.
      const turn = (place.turn = (place.turn || 0) + 1);
      let html;
      try {
        html = await this.html(name, query);
      } catch (error) {
        this.tell(error.message);
        return;
      }
      if (place.turn === turn) place.innerHTML = html;
    }

    async refresh() {
      await Promise.all([this.documents(), this.pairs()]);
    }

    async documents() {
      const filter = this.at("#xq-documents-filter");
      await this.fill("#xq-documents", "documents", { wanted: filter.value, order: this.order });
      const total = Number(this.at(".xq-documents")?.dataset.total || 0);
      if (!filter.value) filter.hidden = total <= 20;
    }

    async pairs() {
      const filter = this.at("#xq-pairs-filter");
      await this.fill("#xq-pairs", "pairs", { status: this.status, wanted: filter.value });
      this.at("#xq-pairs-part").hidden = !this.at("#xq-pairs").children.length;
    }

    // --- what the reader does ----------------------------------------------------------------------------

    async press(event) {
      const button = event.target.closest("[data-do]");
      if (!button) return;
      const action = this.actions()[button.dataset.do];
      if (!action) return;
      try {
        await action(button, button.closest("[data-id]")?.dataset || {});
      } catch (error) {
        this.tell(error.message);
      }
    }

    actions() {
      return {
        choose: () => this.at("#xq-files").click(),
        "choose-faq": () => this.at("#xq-faq-file").click(),
        sort: (button) => { this.order = button.dataset.order; return this.documents(); },
        replace: (_, { id }) => { this.replaced = id; this.at("#xq-replacement").click(); },
        "ask-delete": (_, { id, name }) => this.askDelete(id, name),
        pairs: (button) => { this.status = button.dataset.status; return this.pairs(); },
        pair: (button, { id }) => this.changePair(id, button.dataset.status),
        map: (_, { id }) => this.mapDocument(id),
        "mapping-cancel": () => this.unmap(),
        right: (button, row) => this.right(button, row),
        "golden-remove": (_, { id }) => this.removeGolden(id),
        "try-again": (button) => this.again(button.dataset.question),
      };
    }

    change(event) {
      const { id, files, value } = event.target;
      if (id === "xq-base") {
        this.base = value;
        this.status = "";
        sessionStorage.setItem("xiaoq.base", value);
        this.open().then(() => this.at("#xq-base").focus());
      }
      if (!files?.length) return;
      const chosen = [...files];
      event.target.value = "";
      if (id === "xq-files") this.take(chosen);
      if (id === "xq-faq-file") this.mapFile(chosen[0]);
      if (id === "xq-replacement") {
        this.row(chosen[0], "sending", { replaces: this.replaced });
        this.pump();
      }
    }

    type(event) {
      const reload = { "xq-documents-filter": "documents", "xq-pairs-filter": "pairs" }[event.target.id];
      if (!reload) return;
      clearTimeout(this.typing);
      this.typing = setTimeout(() => this[reload](), 200);
    }

    submit(event) {
      event.preventDefault();
      if (event.target.id === "xq-try") this.try(event.target.question.value.trim());
      if (event.target.matches(".xq-mapping")) this.mapped(event.target);
    }

    drag(event) {
      if (!event.dataTransfer?.types.includes("Files")) return;
      event.preventDefault();
      const place = this.at("#xq-drop");
      if (!place) return;
      place.classList.toggle("over", event.type === "dragover" || event.type === "dragenter");
      if (event.type === "drop") this.dropped(event.dataTransfer).then((files) => this.take(files));
    }

    tell(sentence, ...buttons) {
      this.at("#xq-banner").replaceChildren(
        make("div", { className: "xq-banner" }, make("span", { textContent: sentence }), ...buttons),
      );
    }

    button(key, action, kind = "") {
      const button = make("button", { type: "button", className: `xq-button ${kind}`, textContent: this.say(key) });
      button.addEventListener("click", () =>
        Promise.resolve(action()).catch((error) => this.tell(error.message)));
      return button;
    }

    // --- documents and pairs -----------------------------------------------------------------------------

    askDelete(id, name) {
      const keep = this.button("delete_no", () => this.at("#xq-banner").replaceChildren());
      const go = this.button("delete_yes", () => this.remove(id), "xq-danger");
      this.tell(this.say("delete_ask", { name }), keep, go);
      keep.focus();
    }

    async remove(id) {
      const { token, name } = await (await this.post("delete", { id })).json();
      await this.refresh();
      const undo = this.button("undo", () => this.undo(token, () => this.refresh()));
      this.tell(this.say("deleted", { name }), undo);
      undo.focus();
    }

    async undo(token, refresh) {
      const { message } = await (await this.post("undo", { token })).json();
      await refresh();
      this.tell(message);
    }

    async changePair(id, status) {
      await this.post("pair", { id, status });
      await this.pairs();
      this.at(`#xq-pairs [data-id="${CSS.escape(id)}"] [data-do]`)?.focus();
    }

    // --- uploads -----------------------------------------------------------------------------------------

    row(file, status, more = {}) {
      const upload = { file, base: this.base, name: file.name, size: file.size, sent: 0, status, details: [], ...more };
      this.uploads.push(upload);
      this.draw();
      return upload;
    }

    // Files and whole folders. Two of one name in different folders keep theirs, so that none replaces the other.
    async dropped(transfer) {
      const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
      if (!entries.some((entry) => entry.isDirectory)) return [...transfer.files];
      const found = (await Promise.all(entries.map((entry) => this.inside(entry)))).flat();
      const named = Map.groupBy ? Map.groupBy(found, ({ file }) => file.name) : new Map();
      return found.map(({ file, folder }) => {
        if ((named.get(file.name)?.length ?? 1) < 2 || !folder) return file;
        const [, stem, suffix] = file.name.match(/^(.*?)(\.[^.]*)?$/);
        return new File([file], `${stem} (${folder.replaceAll("/", " - ")})${suffix || ""}`, { type: file.type });
      });
    }

    async inside(entry, folder = "") {
      if (entry.name.startsWith(".")) return [];
      if (entry.isFile) return [{ file: await new Promise((...ends) => entry.file(...ends)), folder }];
      const reader = entry.createReader();
      const path = folder ? `${folder}/${entry.name}` : entry.name;
      const found = [];
      // The browser hands out a folder in portions, an empty one last.
      for (;;) {
        const portion = await new Promise((...ends) => reader.readEntries(...ends));
        if (!portion.length) return found;
        for (const child of portion) found.push(...(await this.inside(child, path)));
      }
    }

    take(files) {
      if (this.uploads.every((upload) => !OPEN.includes(upload.status))) this.uploads = [];
      for (const file of files) this.row(file, "sending");
      this.pump();
    }

    // A few files on their way at a time, in order.
    pump() {
      const every = Object.values(this.all).flat();
      const busy = every.filter((upload) => upload.busy).length;
      const next = every.filter((upload) => !upload.busy && upload.status === "sending");
      for (const upload of next.slice(0, Math.max(0, AT_ONCE - busy))) {
        upload.busy = true;
        this.send(upload).finally(() => { upload.busy = false; this.pump(); });
      }
      this.draw();
    }

    send(upload) {
      if (upload.file.size > this.largest) {
        this.end(upload, "failed", this.say("too_large", { limit: this.largest / 1024 / 1024 }));
        return Promise.resolve();
      }
      const query = {};
      if (upload.columns) query.columns = JSON.stringify(upload.columns);
      if (upload.replaces) query.replaces = upload.replaces;
      const request = (upload.request = new XMLHttpRequest());
      request.open("POST", this.address("upload", query, upload.base));
      request.setRequestHeader("content-type", "application/octet-stream");
      request.setRequestHeader("x-file-name", encodeURIComponent(upload.name));
      request.upload.addEventListener("progress", (event) => { upload.sent = event.loaded; this.draw(); });
      const over = new Promise((resolve) => {
        request.addEventListener("load", () => { this.sent(upload, request); resolve(); });
        request.addEventListener("error", () => { this.end(upload, "failed", this.say("file_lost")); resolve(); });
        request.addEventListener("abort", () => { this.end(upload, "failed", this.say("file_cancelled")); resolve(); });
      });
      request.send(upload.file);
      return over;
    }

    sent(upload, request) {
      let told = {};
      try { told = JSON.parse(request.responseText); } catch { /* no JSON: a proxy answered */ }
      upload.file = upload.request = null;
      if (request.status !== 200 || !told.batch) {
        this.end(upload, "failed", told.error?.message || this.say("error_internal_error"));
        return;
      }
      Object.assign(upload, { batch: told.batch, status: "waiting", sent: upload.size });
      this.keep(upload.base);
      this.draw();
      this.follow();
    }

    end(upload, status, detail) {
      Object.assign(upload, { status, details: detail ? [detail] : [], file: null, request: null });
      this.keep(upload.base);
      this.draw();
    }

    // Ask for the batches in work until none is left; more than one asking at a time would say nothing new.
    async follow() {
      if (this.following) return;
      this.following = true;
      try {
        for (let open = this.working(); open.length; open = this.working()) {
          const asked = await this.post("progress", { batches: open.map((upload) => upload.batch) });
          const { files } = await asked.json();
          for (const upload of open)
            Object.assign(upload, files[upload.batch] || { status: "failed", details: [this.say("file_lost")] });
          for (const upload of open) this.keep(upload.base);
          this.draw();
          const ended = open.filter((upload) => !OPEN.includes(upload.status));
          if (ended.some((upload) => upload.base === this.base)) await this.refresh();
          if (this.working().length) await new Promise((resolve) => setTimeout(resolve, 500));
        }
      } catch (error) {
        this.tell(error.message);
      } finally {
        this.following = false;
      }
    }

    working(uploads = Object.values(this.all).flat()) {
      return uploads.filter((upload) => upload.batch && ["waiting", "reading"].includes(upload.status));
    }

    async cancel() {
      const batches = this.working(this.uploads).map((upload) => upload.batch);
      for (const upload of this.uploads) {
        if (upload.request) upload.request.abort();
        else if (upload.status === "sending")
          this.end(upload, "failed", this.say("file_cancelled"));
      }
      if (batches.length) await this.post("stop", { batches });
    }

    // What a reload must not lose: which batches there are. A file not sent yet is gone with the page.
    keep(base = this.base) {
      const kept = this.all[base].map((upload) => ({ ...upload, file: null, request: null, busy: false }));
      for (const memory of [sessionStorage, localStorage]) {
        const all = JSON.parse(memory.getItem(REMEMBERED) || "{}");
        memory.setItem(REMEMBERED, JSON.stringify({ ...all, [base]: kept }));
      }
    }

    // This browser tab's own uploads; in a new one those of the last that are still in work.
    recall() {
      const [own, last] = [sessionStorage, localStorage].map(
        (memory) => JSON.parse(memory.getItem(REMEMBERED) || "{}")[this.base] || [],
      );
      return own.length || !last.some((upload) => upload.batch && OPEN.includes(upload.status)) ? own : last;
    }

    remember(kept) {
      if (this.uploads.length) return this.draw();
      this.uploads = kept.map((upload) => (
        { ...upload, base: this.base, sent: upload.batch ? upload.size : 0 }
      ));
      for (const upload of this.uploads)
        if (!upload.batch && upload.status !== "failed")
          Object.assign(upload, { status: "failed", details: [this.say("file_lost")] });
      this.draw();
    }

    draw() {
      if (this.drawing) return;
      this.drawing = requestAnimationFrame(() => {
        this.drawing = null;
        this.drawUploads();
      });
    }

    drawUploads() {
      const place = this.at("#xq-upload");
      if (!place) return;
      const focused = place.contains(document.activeElement) && document.activeElement.dataset.key;
      if (!this.uploads.length) return place.replaceChildren();
      const total = this.uploads.length;
      const open = this.uploads.filter((upload) => OPEN.includes(upload.status)).length;
      const failed = this.uploads.filter((upload) => upload.status === "failed").length;
      const headline = this.say(open ? "upload_running" : "upload_done", { done: total - open, total, failed });
      const bar = make("progress", { max: total, value: this.share() });
      bar.setAttribute("aria-label", this.say("upload_progress"));
      const act = open
        ? this.button("upload_cancel", () => this.cancel())
        : this.button("upload_clear", () => { this.uploads = []; this.keep(); this.draw(); });
      act.dataset.key = "act";
      const head = make("div", { className: "xq-progress-head" },
        make("p", { textContent: headline, role: "status" }), act);
      const rows = make("ul", {}, ...this.uploads.map((upload, number) => this.drawOne(upload, number)));
      place.replaceChildren(make("div", { className: "xq-progress" }, head, bar, rows));
      if (focused) place.querySelector(`[data-key="${focused}"]`)?.focus();
    }

    // Half of a file's work is its way here, half its reading.
    share() {
      const one = (upload) => {
        if (!OPEN.includes(upload.status)) return 1;
        return upload.batch ? 0.5 : 0.5 * (upload.sent / Math.max(1, upload.size));
      };
      return this.uploads.reduce((sum, upload) => sum + one(upload), 0);
    }

    drawOne(upload, number) {
      const sending = upload.status === "sending";
      const percent = sending && upload.size ? ` ${Math.round((100 * upload.sent) / upload.size)}%` : "";
      const label = sending ? this.say("file_sending") + percent
        : upload.label || this.say(`status_${upload.status}`);
      const details = upload.details || [];
      const kind = upload.status === "failed" ? "xq-error" : "xq-meta";
      const row = make("li", { className: upload.status },
        make("span", { className: "xq-title", textContent: upload.name }),
        make("span", { className: `xq-status ${upload.status}`, textContent: label }),
        ...details.map((detail) => make("span", { className: `xq-detail ${kind}`, textContent: detail })));
      if (upload.status === "ready" && upload.table) {
        const choose = this.button("as_faq", () => this.mapDocument(upload.document));
        choose.dataset.key = `choose-${number}`;
        row.append(make("span", { className: "xq-choices" },
          make("span", { className: "xq-meta", textContent: this.say("file_asks") }), choose));
      }
      if (sending && upload.sent) {
        const bar = make("progress", { max: upload.size, value: upload.sent });
        bar.setAttribute("aria-label", upload.name);
        row.append(bar);
      }
      return row;
    }

    // --- FAQ tables --------------------------------------------------------------------------------------

    // A file that nobody has sent yet, or a document that is here as a plain table.
    async mapFile(file) {
      const headers = { "x-file-name": encodeURIComponent(file.name) };
      const options = { method: "POST", headers, body: file };
      try {
        this.map(await (await this.answer(await fetch(this.address("preview"), options))).text());
      } catch (error) {
        this.end(this.row(file, "failed"), "failed", error.message);
        return;
      }
      this.mapping = (columns) => {
        this.row(file, "sending", { columns });
        this.pump();
      };
    }

    async mapDocument(id) {
      this.map(await this.html("columns", { id }));
      this.mapping = async (columns) => {
        const { batch, name, size } = await (await this.post("remap", { id, columns })).json();
        this.row({ name, size }, "waiting", { batch, file: null });
        this.keep();
        this.follow();
      };
    }

    map(panel) {
      this.at("#xq-mapping").innerHTML = panel;
      this.at("#xq-mapping h3").focus({ preventScroll: true });
      this.at("#xq-mapping").scrollIntoView({ block: "nearest" });
    }

    async mapped(form) {
      const chosen = Object.fromEntries([...new FormData(form)].filter(([, column]) => column));
      const columns = Object.values(chosen);
      const fault = !chosen.question || !chosen.answer ? "mapping_missing"
        : new Set(columns).size < columns.length ? "mapping_double" : "";
      const shown = form.querySelector("[role=alert]");
      shown.hidden = !fault;
      shown.textContent = fault ? this.say(fault) : "";
      if (fault) return;
      const go = this.mapping;
      this.unmap();
      try {
        await go(chosen);
      } catch (error) {
        this.tell(error.message);
      }
    }

    unmap() {
      this.mapping = null;
      this.at("#xq-mapping").replaceChildren();
    }

    // --- the test bench ----------------------------------------------------------------------------------

    async try(question) {
      if (!question) return;
      const found = this.at("#xq-found");
      found.setAttribute("aria-busy", "true");
      const turn = (found.turn = (found.turn || 0) + 1);
      try {
        const html = await (await this.post("try", { question })).text();
        if (found.turn !== turn) return;
        this.asked = question;
        found.innerHTML = html;
      } catch (error) {
        found.replaceChildren(make("p", { className: "xq-error", role: "alert", textContent: error.message }));
      } finally {
        found.removeAttribute("aria-busy");
      }
    }

    again(question) {
      this.at("#xq-try").question.value = question;
      this.at("#xq-try").question.focus();
      return this.try(question);
    }

    async right(button, { id, document: from }) {
      await this.post("right", { question: this.asked, passage: id, document: from });
      for (const other of this.root.querySelectorAll("[data-do=right]")) {
        other.setAttribute("aria-pressed", String(other === button));
        other.textContent = this.say(other === button ? "right_saved" : "right_one");
      }
      await this.fill("#xq-golden", "golden");
      this.tellGolden(this.say("golden_saved"));
    }

    async removeGolden(id) {
      const { token, name } = await (await this.post("golden-remove", { id })).json();
      await this.fill("#xq-golden", "golden");
      const undo = this.button("undo", async () => {
        const { message } = await (await this.post("undo", { token })).json();
        await this.fill("#xq-golden", "golden");
        this.tellGolden(message);
      });
      this.tellGolden(this.say("golden_removed", { question: name }), undo);
      undo.focus();
    }

    tellGolden(sentence, ...buttons) {
      this.at("#xq-golden-banner").replaceChildren(
        make("div", { className: "xq-banner" }, make("span", { textContent: sentence }), ...buttons),
      );
    }
  }

  window.xiaoqKnowledge = (element) => {
    const root = element.querySelector(".xq-kb-root");
    if (!root || root.tab) return;
    root.tab = new KnowledgeTab(root);
    // Whoever comes back to the tab sees what others have changed meanwhile.
    let hidden = false;
    new IntersectionObserver(([entry]) => {
      if (entry.isIntersecting && hidden && root.tab.at(".xq-kb")) root.tab.refresh();
      hidden = !entry.isIntersecting;
    }).observe(root);
  };
})();
