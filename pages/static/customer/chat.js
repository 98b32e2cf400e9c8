// The customer's page: asks, shows the answer as it comes, lets the visitor stop, retry, edit, judge, resume.
// It knows nothing of how an answer is made; every piece of HTML it sets was rendered safe by the server.
// One file on purpose, in sections: a page without a build step loads one script, cached by its content.
(() => {
  "use strict";

  const $ = (id) => document.getElementById(id);
  const root = document.documentElement;
  const words = JSON.parse($("words").textContent);
  const lang = root.lang.startsWith("zh") ? "zh" : "en";
  const line = root.dataset.line;
  const scroller = $("scroll");

  let conversation = null; // the id of the one on screen, null before its first question
  let running = null; // what aborts the answer, while one comes
  let loading = Promise.resolve(); // the newest load(), so that a question asked meanwhile waits for it
  let following = true; // whether the newest text is kept in view
  let uploading = Promise.resolve(); // the files on their way, one after the other

  // --- building and telling -------------------------------------------------------------------------------

  function el(tag, attributes = {}, ...children) {
    const node = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
      else if (value === true) node.setAttribute(name, "");
      else if (value !== false && value != null) node.setAttribute(name, value);
    }
    node.append(...children.filter((child) => child != null));
    return node;
  }

  function icon(name) {
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
    use.setAttribute("href", `#i-${name}`);
    svg.setAttribute("aria-hidden", "true");
    svg.append(use);
    return svg;
  }

  // Among Arabic or Hebrew words the groups of a telephone number, or a day and its time, would stand in the wrong order.
  function readable(text) {
    return text.split(/(\+?\(?\d(?:[ \-().:/]{0,2}\d){6,})/).map((piece, at) => at % 2 ? el("bdi", { dir: "ltr" }, piece) : piece);
  }

  function iconButton(name, label, onclick, kind = "") {
    const attributes = { type: "button", class: `icon small ${kind}`.trim(), "aria-label": label, title: label, onclick };
    return el("button", attributes, icon(name));
  }

  function button(label, onclick, kind = "") {
    return el("button", { type: onclick ? "button" : "submit", class: `plain ${kind}`.trim(), onclick }, label);
  }

  function rendered(kind, html) {
    const node = el("div", { class: kind });
    node.innerHTML = html;
    return node;
  }

  function say(sentence) {
    $("status").textContent = "";
    // In a later task, or a screen reader misses that the same sentence was said again.
    setTimeout(() => ($("status").textContent = sentence), 30);
  }

  // --- talking to the server ------------------------------------------------------------------------------

  function address(action, parameters = {}) {
    const query = new URLSearchParams({ lang });
    for (const [name, value] of Object.entries(parameters)) if (value) query.set(name, value);
    return `chat/${action}?${query}`;
  }

  function post(action, body, signal) {
    return fetch(address(action), {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
      signal,
    });
  }

  async function errorOf(reply) {
    try {
      return (await reply.json()).error;
    } catch {
      return { code: "offline", message: words.offline };
    }
  }

  // Server-sent events over fetch: EventSource can neither post nor be told apart from a lost connection.
  async function* eventsOf(body) {
    const reader = body.pipeThrough(new TextDecoderStream()).getReader();
    let held = "";
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      held += value;
      const frames = held.split("\n\n");
      held = frames.pop();
      for (const frame of frames) {
        const name = /^event: (.*)$/m.exec(frame);
        const data = /^data: (.*)$/m.exec(frame);
        if (name && data) yield [name[1], JSON.parse(data[1])];
      }
    }
  }

  // --- one turn -------------------------------------------------------------------------------------------

  class Turn {
    constructor(question) {
      this.id = null;
      this.question = question;
      this.text = "";
      this.score = 0;
      this.over = false;
      this.asked = el("div", { class: "question" });
      this.answer = el("div", { class: "answer" });
      this.node = el("article", { class: "turn" },
        el("h2", { class: "spoken" }, words.you_said), this.asked,
        el("h2", { class: "spoken" }, words.answer_label), this.answer);
      this.showQuestion();
      $("log").append(this.node);
    }

    showQuestion() {
      this.asked.replaceChildren(
        iconButton("edit", words.edit, () => this.editQuestion(), "edit"), el("p", { dir: "auto" }, ...readable(this.question)));
    }

    editQuestion() {
      if (running) return;
      const field = el("textarea", { dir: "auto", rows: 1, maxlength: 4000, "aria-label": words.edit });
      const leave = () => { this.showQuestion(); this.asked.querySelector("button").focus(); };
      const form = el("form", { onsubmit: (event) => {
        event.preventDefault();
        if (field.value.trim()) ask(field.value.trim(), this);
      } }, field, el("div", { class: "choices" },
        button(words.cancel, leave), button(words.edit_send, null, "strong")));
      field.value = this.question;
      sendOnEnter(field, form);
      form.addEventListener("keydown", (event) => { if (event.key === "Escape") { event.stopPropagation(); leave(); } });
      this.asked.replaceChildren(form);
      grow(field);
      field.focus();
    }

    wait() {
      // Busy, so that a screen reader waits for the whole answer and does not repeat it with every word.
      this.answer.setAttribute("aria-busy", "true");
      this.answer.replaceChildren(el("p", { class: "waiting" },
        el("span", { class: "dots", "aria-hidden": "true" }, el("i"), el("i"), el("i")), words.thinking));
    }

    show(html) {
      this.answer.querySelector(".waiting")?.remove();
      this.body ??= this.answer.appendChild(el("div", { class: "text" }));
      this.body.innerHTML = html;
    }

    finish({ text, html, sources, mode, language, contact, suggestions = [] }) {
      this.text = text;
      this.answer.querySelector(".waiting")?.remove();
      if (html) this.show(html);
      if (this.body && language && language !== "und") this.body.lang = language;
      if (contact && !text.includes(contact)) this.note("contact", contact);
      if (sources.length) this.answer.append(sourceList(sources));
      if (suggestions.length) this.answer.append(didYouMean(suggestions));
      this.end(mode);
    }

    cutOff(sentence, kind = "") {
      this.text ||= this.body?.innerText ?? "";
      this.answer.querySelector(".waiting")?.remove();
      this.note(kind, sentence);
      this.end(null);
    }

    fail({ message, request_id: request }) {
      this.text ||= this.body?.innerText ?? "";
      this.answer.querySelector(".waiting")?.remove();
      const note = this.note("wrong", message, request && `${words.request} ${request}`);
      note.setAttribute("role", "alert");
      note.append(button(words.try_again, () => ask(this.question, this), "retry"));
      this.end(null, true);
    }

    note(kind, sentence, small) {
      const note = el("div", { class: `note ${kind}` }, el("p", { dir: "auto" }, sentence),
        small ? el("p", { class: "request" }, small) : null);
      this.answer.append(note);
      return note;
    }

    end(mode, failed = false) {
      this.over = true;
      this.answer.removeAttribute("aria-busy");
      const actions = el("div", { class: "actions" });
      if (this.text) actions.append(iconButton("copy", words.copy, () => copy(this.text)));
      if (this.text && this.id && !failed) this.addThumbs(actions);
      if (!failed) actions.append(iconButton("retry", words.retry, () => ask(this.question, this), "retry"));
      const label = mode && words[`mode_${mode}`];
      if (label) actions.append(el("span", { class: "mode" }, label));
      if (actions.childElementCount) this.answer.append(actions);
    }

    addThumbs(actions) {
      this.up = iconButton("up", words.helpful, () => this.rate(1), "up");
      this.down = iconButton("down", words.unhelpful, () => this.rate(-1), "down");
      actions.append(this.up, this.down);
      this.showScore();
    }

    showScore() {
      this.up?.setAttribute("aria-pressed", String(this.score === 1));
      this.down?.setAttribute("aria-pressed", String(this.score === -1));
    }

    async rate(score) {
      const before = this.score;
      this.score = score === before ? 0 : score;
      this.showScore();
      this.answer.querySelector(".reason")?.remove();
      if (this.score === -1) this.askWhy();
      if (!(await this.sendScore())) {
        this.score = before;
        this.showScore();
      } else if (this.score === 1) say(words.thanks);
    }

    async sendScore(comment = "") {
      try {
        const reply = await post("feedback", { turn_id: this.id, score: this.score, comment });
        if (!reply.ok) say((await errorOf(reply)).message);
        return reply.ok;
      } catch {
        say(words.offline);
        return false;
      }
    }

    askWhy() {
      const field = el("textarea", { id: `why-${this.id}`, dir: "auto", rows: 1, maxlength: 1000 });
      const form = el("form", { class: "reason", onsubmit: async (event) => {
        event.preventDefault();
        if (!(await this.sendScore(field.value.trim()))) return;
        const thanks = el("p", { class: "note", tabindex: "-1" }, words.thanks);
        form.replaceWith(thanks);
        thanks.focus();
      } }, el("label", { for: field.id }, words.reason), field,
      el("div", { class: "choices" },
        button(words.cancel, () => { form.remove(); this.down.focus(); }), button(words.reason_send, null, "strong")));
      sendOnEnter(field, form);
      this.answer.append(form);
      field.focus();
      follow();
    }
  }

  function sourceList(sources) {
    const list = el("section", { class: "sources" }, el("h3", {}, words.sources));
    for (const source of sources) {
      const named = source.title && source.document.replace(/\.\w+$/, "") !== source.title;
      const name = named ? source.title : source.document;
      const place = [source.document === name ? "" : source.document, source.location === name ? "" : source.location];
      list.append(el("details", {}, el("summary", {}, icon("chevron"),
        el("span", {}, el("span", { class: "name" }, name), " ",
          el("span", { class: "place" }, place.filter(Boolean).join(" · ")))),
      rendered("passage", source.html)));
    }
    return list;
  }

  async function copy(text) {
    let done = false;
    try {
      await navigator.clipboard.writeText(text);
      done = true;
    } catch {
      // No clipboard without https: the older way still works.
      const field = el("textarea", { class: "spoken" });
      field.value = text;
      document.body.append(field);
      field.select();
      done = document.execCommand("copy");
      field.remove();
    }
    toast(done ? words.copied : words.copy_failed);
  }

  let toastTimer = 0;
  function toast(sentence) {
    clearTimeout(toastTimer);
    $("toast").textContent = sentence;
    $("toast").hidden = false;
    say(sentence);
    toastTimer = setTimeout(() => ($("toast").hidden = true), 2500);
  }

  // --- asking ---------------------------------------------------------------------------------------------

  async function ask(text, replacing = null) {
    if (running || !text) return;
    const controller = new AbortController();
    running = controller;
    showBusy();
    await loading;
    if (controller.signal.aborted) {
      running = null;
      return showBusy();
    }
    $("welcome").hidden = true;
    const replaces = replacing?.id ?? null;
    if (replacing) dropFrom(replacing.node);
    dropRefused();
    const turn = new Turn(text);
    turn.wait();
    say(words.thinking);
    following = true;
    follow();
    try {
      const awaited = [...chips].filter((chip) => chip.underway);
      await unlessAborted(uploading, controller.signal);
      if (awaited.some((chip) => chip.refused)) turn.fail({ message: words.attach_first });
      else await answerInto(turn, { text, line, conversation_id: conversation, replaces }, controller.signal);
      if (!turn.over) turn.fail({ message: words.interrupted });
    } catch {
      if (controller.signal.aborted) turn.cutOff(words.stopped);
      else if (!turn.over) turn.fail({ message: words.offline });
    }
    running = null;
    showBusy();
    follow();
    if (!document.activeElement || document.activeElement === document.body) $("text").focus({ preventScroll: true });
  }

  async function answerInto(turn, body, signal) {
    let reply = await post("ask", body, signal);
    if (reply.status === 404 && body.conversation_id) {
      // The conversation was deleted elsewhere, or the browser keeps no cookie: go on in a new one.
      remember(null);
      if (dropFiles()) return turn.fail({ message: words.attach_lost }); // no answer without the file it is about
      reply = await post("ask", { text: body.text, line }, signal);
    }
    if (!reply.ok) return turn.fail(await errorOf(reply));
    const gathered = { sources: [], contact: null };
    for await (const [name, data] of eventsOf(reply.body)) {
      if (name === "started") {
        turn.id = data.turn_id;
        remember(data.conversation_id);
      } else if (name === "sources") gathered.sources = data.sources;
      else if (name === "handoff") gathered.contact = data.contact;
      else if (name === "delta") turn.show(data.html);
      else if (name === "failed") turn.fail(data);
      else if (name === "finished") {
        turn.finish({ ...gathered, ...data });
        say(`${words.answered} ${turn.body?.innerText ?? ""}`);
      }
      follow();
    }
  }

  function unlessAborted(promise, signal) {
    return Promise.race([promise, new Promise((_, refuse) => {
      signal.addEventListener("abort", () => refuse(signal.reason), { once: true });
    })]);
  }

  function didYouMean(questions) {
    return el("div", { class: "meant" }, el("p", {}, words.did_you_mean),
      el("ul", {}, ...questions.map((each) =>
        el("li", {}, el("button", { type: "button", dir: "auto", onclick: () => ask(each) }, each)))));
  }

  function dropFrom(node) {
    while (node.nextSibling) node.nextSibling.remove();
    node.remove();
  }

  function stop() {
    if (!running) return;
    running.abort();
    say(words.stopped);
  }

  function showBusy() {
    root.toggleAttribute("data-busy", running !== null);
    const focused = document.activeElement === $("stop") || document.activeElement === $("send");
    $("stop").hidden = running === null;
    $("send").hidden = running !== null;
    $("person").disabled = running !== null;
    if (focused) $("text").focus({ preventScroll: true });
    allowSend();
  }

  // --- files ------------------------------------------------------------------------------------------------

  class Chip {
    constructor(name, size) {
      this.name = name;
      this.id = null;
      this.refused = false;
      this.about = el("span", { class: "about" }, bytes(size));
      this.bar = el("progress", { max: 1, value: 0, "aria-label": `${words.attach_sending}: ${name}` });
      this.node = el("li", { class: "file" }, icon("file"),
        el("span", { class: "what" }, el("span", { class: "name", title: name }, name), this.about),
        iconButton("close", `${words.attach_remove}: ${name}`, () => this.remove()), this.bar);
      chips.add(this);
      $("files").append(this.node);
      $("files").hidden = false;
      follow();
    }

    get underway() {
      return !this.id && !this.refused;
    }

    progress(share) {
      if (share < 1) return (this.bar.value = share);
      this.bar.removeAttribute("value"); // all of it is there, and being read
      this.bar.setAttribute("aria-label", `${words.attach_reading}: ${this.name}`);
      this.about.textContent = words.attach_reading;
    }

    done({ id, size, notes }) {
      this.id = id;
      this.bar.remove();
      this.about.textContent = notes.length ? `${bytes(size)} · ${words.attach_partial}` : bytes(size);
      this.about.title = notes.join("\n");
    }

    fail(message) {
      this.refused = true;
      this.bar.remove();
      this.node.classList.add("wrong");
      this.about.setAttribute("role", "alert");
      // The name stands above: the sentence goes on from it.
      this.about.textContent = message.startsWith(`${this.name} `) ? message.slice(this.name.length + 1) : message;
    }

    drop() {
      chips.delete(this);
      this.node.remove();
      $("files").hidden = chips.size === 0;
    }

    async remove() {
      this.sending?.abort();
      if (this.id) {
        try {
          const reply = await post("detach", { conversation_id: conversation, attachment_id: this.id });
          if (!reply.ok && reply.status !== 404) throw await errorOf(reply);
        } catch (error) {
          return toast(error.code ? error.message : words.offline);
        }
        say(`${words.attach_removed}: ${this.name}`);
      }
      this.drop();
      $("attach").focus();
    }
  }

  const chips = new Set();

  function bytes(size) {
    const number = new Intl.NumberFormat(root.lang, { maximumFractionDigits: size < 10485760 ? 1 : 0 });
    if (size >= 1048576) return `${number.format(size / 1048576)} MB`;
    return size >= 1024 ? `${Math.round(size / 1024)} KB` : `${size} B`;
  }

  function dropRefused() {
    for (const chip of [...chips]) if (chip.refused) chip.drop();
  }

  function attach(files) {
    dropRefused();
    // One after the other: the first may open the conversation that the next ones join.
    for (const file of files) {
      const chip = new Chip(file.name, file.size);
      uploading = uploading.then(() => send(chip, file));
    }
  }

  async function send(chip, file) {
    await loading; // it joins the conversation that is then on screen
    if (!chips.has(chip)) return; // removed meanwhile
    const kept = [...chips].filter((each) => each.id).length;
    if (file.size > Number(root.dataset.largestFile)) return chip.fail(words.attachment_too_large);
    if (kept >= Number(root.dataset.mostFiles)) return chip.fail(words.too_many_attachments);
    say(`${words.attach_sending}: ${file.name}`);
    chip.about.textContent = words.attach_sending;
    try {
      const reply = await upload(chip, file);
      if (!chips.has(chip)) return;
      if (reply.error) return chip.fail(reply.error.message);
      remember(reply.conversation_id);
      chip.done(reply.attachment);
      say([`${words.attach_done}: ${file.name}`, ...reply.attachment.notes].join(" "));
    } catch {
      if (chips.has(chip)) chip.fail(words.offline_file);
    }
  }

  // XMLHttpRequest, since fetch does not tell how much has been sent.
  function upload(chip, file) {
    return new Promise((resolve, reject) => {
      const request = chip.sending = new XMLHttpRequest();
      request.open("POST", address("attach", { line, conversation }));
      request.setRequestHeader("content-type", "application/octet-stream");
      request.setRequestHeader("x-file-name", encodeURIComponent(file.name));
      request.responseType = "json";
      request.upload.onprogress = (event) => chip.progress(event.lengthComputable ? event.loaded / event.total : 0);
      request.onload = () => (request.response ? resolve(request.response) : reject(new Error("no answer")));
      request.onerror = request.onabort = reject;
      request.send(file);
    });
  }

  function dropFiles(dropped = [...chips]) {
    for (const chip of dropped) {
      chip.drop();
      chip.sending?.abort();
    }
    return dropped.length > 0;
  }

  function listenForFiles() {
    $("attach").addEventListener("click", () => $("file").click());
    const chosen = () => {
      attach([...$("file").files]);
      $("file").value = ""; // so that the same file can be chosen again
      $("text").focus({ preventScroll: true });
    };
    $("file").addEventListener("change", chosen);
    if ($("file").files.length) chosen();
    $("text").addEventListener("paste", (event) => {
      const files = [...event.clipboardData.files];
      if (!files.length) return;
      event.preventDefault();
      attach(files);
    });
    // Anywhere on the page: a file let go beside the field would else replace the page.
    let depth = 0;
    const holds = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");
    const show = (change) => root.toggleAttribute("data-dropping", (depth = Math.max(0, change)) > 0);
    addEventListener("dragenter", (event) => { if (holds(event)) show(depth + 1); });
    addEventListener("dragleave", (event) => { if (holds(event)) show(depth - 1); });
    addEventListener("dragover", (event) => { if (holds(event)) event.preventDefault(); });
    addEventListener("drop", (event) => {
      if (!holds(event)) return;
      event.preventDefault();
      show(0);
      attach([...event.dataTransfer.files]);
    });
  }

  // --- the conversation on screen ---------------------------------------------------------------------------

  function remember(id) {
    conversation = id;
    const here = new URL(location.href);
    here.searchParams.set("conversation", id ?? "new");
    history.replaceState(null, "", here);
  }

  function load(wanted) {
    return (loading = showState(wanted));
  }

  let asked = 0;
  async function showState(wanted) {
    const mine = ++asked;
    const left = [...chips]; // those chosen from now on belong to what is shown then
    let state;
    try {
      const reply = await fetch(address("state", { line, conversation: wanted }));
      if (!reply.ok) throw await errorOf(reply);
      state = await reply.json();
    } catch (error) {
      if (mine === asked) showLoadError(error.code ? error : { message: words.offline }, wanted);
      return;
    }
    if (mine !== asked) return; // another conversation was chosen meanwhile
    $("log").replaceChildren();
    dropFiles(left);
    state.attachments.forEach((each) => new Chip(each.name, each.size).done(each));
    // Set without "conversation=new" so that a plain address keeps opening the latest one.
    if (state.conversation_id || wanted) remember(state.conversation_id);
    else conversation = null;
    $("greeting").textContent = state.line.greeting;
    $("suggestions").replaceChildren(...state.line.suggestions.map((each) =>
      el("li", {}, el("button", { type: "button", dir: "auto", onclick: () => ask(each) }, each))));
    $("log").setAttribute("aria-live", "off"); // what was said before is there to be read, not announced
    state.turns.forEach(restore);
    setTimeout(() => $("log").setAttribute("aria-live", "polite"), 100);
    $("welcome").hidden = state.turns.length > 0;
    following = true;
    follow();
  }

  function restore(stored) {
    const turn = new Turn(stored.question);
    turn.id = stored.id;
    turn.score = stored.score;
    if (stored.status === "done") return turn.finish(stored);
    turn.text = stored.text;
    if (stored.html) turn.show(stored.html);
    turn.cutOff(stored.status === "stopped" ? words.stopped : words.interrupted);
  }

  function showLoadError({ message, request_id: request }, wanted) {
    const note = el("div", { class: "note wrong", role: "alert" }, el("p", {}, message),
      request ? el("p", { class: "request" }, `${words.request} ${request}`) : null,
      button(words.try_again, () => load(wanted)));
    $("log").replaceChildren(note);
  }

  // --- earlier conversations --------------------------------------------------------------------------------

  async function openHistory() {
    $("history").showModal();
    await listConversations();
  }

  async function listConversations() {
    const save = $("export");
    save.hidden = !conversation;
    if (conversation) save.href = address("export", { conversation_id: conversation });
    try {
      const reply = await fetch(address("state", { line, conversation: "new" }));
      if (!reply.ok) throw await errorOf(reply);
      const { conversations } = await reply.json();
      $("conversations").replaceChildren(...conversations.map(entry));
      $("no-conversations").textContent = words.history_empty;
      $("no-conversations").hidden = conversations.length > 0;
    } catch (error) {
      $("no-conversations").textContent = error.code ? error.message : words.offline;
      $("no-conversations").hidden = false;
    }
  }

  function entry({ id, title, updated_at: updated }) {
    const when = new Intl.DateTimeFormat(root.lang, { dateStyle: "medium", timeStyle: "short" }).format(new Date(updated));
    const open = el("button", { type: "button", class: "open", "aria-current": id === conversation ? "true" : null,
      onclick: () => { stop(); $("history").close(); load(id); } },
    el("span", { dir: "auto" }, title || words.new), el("time", { datetime: updated }, when));
    const item = el("li", {}, open, iconButton("delete", `${words.delete}: ${title}`, () => sure(item, id)));
    return item;
  }

  function sure(item, id) {
    item.querySelector(".sure")?.remove();
    const keep = button(words.keep, () => { row.remove(); item.querySelector(".icon").focus(); });
    const row = el("div", { class: "sure" }, el("span", {}, words.delete_confirm), keep,
      button(words.delete, () => forget(id), "danger"));
    item.append(row);
    keep.focus();
  }

  async function forget(id) {
    try {
      if (id === conversation) stop();
      const reply = await post("forget", { conversation_id: id });
      if (!reply.ok && reply.status !== 404) throw await errorOf(reply);
      if (id === conversation) await load("new");
      await listConversations();
      $("close-history").focus();
      say(words.deleted);
    } catch (error) {
      toast(error.code ? error.message : words.offline);
    }
  }

  // --- typing and scrolling ---------------------------------------------------------------------------------

  // An input method uses Enter to choose a character; Safari reports that key as 229 after the fact.
  const composing = (event) => event.isComposing || event.keyCode === 229;

  function sendOnEnter(field, form) {
    field.addEventListener("input", () => grow(field));
    field.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.shiftKey || composing(event)) return;
      event.preventDefault();
      form.requestSubmit();
    });
  }

  function grow(field) {
    field.style.height = "auto";
    field.style.height = `${field.scrollHeight}px`;
  }

  function allowSend() {
    $("send").disabled = running !== null || !$("text").value.trim();
  }

  function follow() {
    if (following) scroller.scrollTop = scroller.scrollHeight;
    showLatest();
  }

  function showLatest() {
    const distance = scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight;
    $("latest").hidden = distance < 120;
    return distance;
  }

  function fitKeyboard() {
    // iOS lays its keyboard over the page; only the visual viewport tells how much is left.
    root.style.setProperty("--visible-height", `${Math.round(visualViewport.height)}px`);
    scrollTo(0, 0);
    follow();
  }

  function listen() {
    const field = $("text");
    sendOnEnter(field, $("composer"));
    field.addEventListener("input", allowSend);
    $("composer").addEventListener("submit", (event) => {
      event.preventDefault();
      const text = field.value.trim();
      if (running || !text) return;
      field.value = "";
      grow(field);
      ask(text);
    });
    listenForFiles();
    $("stop").addEventListener("click", stop);
    $("person").addEventListener("click", () => ask(words.person_phrase));
    $("new").addEventListener("click", () => { stop(); load("new"); field.focus(); });
    $("open-history").addEventListener("click", openHistory);
    $("close-history").addEventListener("click", () => $("history").close());
    $("history").addEventListener("click", (event) => { if (event.target === $("history")) $("history").close(); });
    $("latest").addEventListener("click", () => { following = true; follow(); field.focus({ preventScroll: true }); });
    scroller.addEventListener("scroll", () => (following = showLatest() < 60), { passive: true });
    document.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || composing(event) || $("history").open) return;
      if (running) stop();
      else if (parent !== window) parent.postMessage({ xiaoq: "close" }, "*");
    });
    if (window.visualViewport && matchMedia("(hover: none)").matches) {
      visualViewport.addEventListener("resize", fitKeyboard);
    }
    if (parent !== window) {
      $("close-frame").hidden = false;
      // The target is unknown to a framed page, and the message says nothing but "close".
      $("close-frame").addEventListener("click", () => parent.postMessage({ xiaoq: "close" }, "*"));
    }
  }

  load(new URLSearchParams(location.search).get("conversation"));
  listen(); // files that were chosen before this script was here join what is loading
  if (matchMedia("(hover: hover)").matches) $("text").focus();
})();
