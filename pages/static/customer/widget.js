// A button on any page that opens XiaoQ's chat in a frame:
//   <script src="https://support.example.com/widget.js" data-line="shop" data-lang="zh" defer></script>
// Knows nothing of the conversation; leaves no global name and no style in the page it sits on.
(() => {
  "use strict";

  const script = document.currentScript;
  if (!script) return;
  const { line, lang } = script.dataset;
  const chinese = (lang || navigator.language || "").toLowerCase().startsWith("zh");
  const label = chinese ? "打开客服对话" : "Open customer support";
  const closeLabel = chinese ? "关闭客服对话" : "Close customer support";
  const chat = new URL("chat", script.src);
  if (line) chat.searchParams.set("line", line);
  if (lang) chat.searchParams.set("lang", lang);

  const style = `
    :host { all: initial; color-scheme: light dark; }
    button { position: fixed; right: max(20px, env(safe-area-inset-right)); bottom: max(20px, env(safe-area-inset-bottom));
      z-index: 2147483646; display: grid; place-items: center; width: 56px; height: 56px; padding: 0; border: 0;
      border-radius: 50%; background: #0f766e; color: #fff; box-shadow: 0 6px 20px rgb(10 30 28 / 28%); cursor: pointer; }
    button:hover { background: #115e59; }
    button:focus-visible { outline: 3px solid #0f766e; outline-offset: 3px; }
    svg { width: 26px; height: 26px; fill: none; stroke: currentcolor; stroke-width: 1.8; stroke-linecap: round;
      stroke-linejoin: round; }
    iframe { position: fixed; right: max(20px, env(safe-area-inset-right)); bottom: 92px; z-index: 2147483647;
      width: min(400px, calc(100vw - 40px)); height: min(640px, calc(100vh - 112px)); border: 0; border-radius: 16px;
      background: Canvas; box-shadow: 0 12px 48px rgb(10 30 28 / 28%); }
    iframe[hidden] { display: none; }
    @media (max-width: 480px) {
      iframe { inset: 0; width: 100vw; height: 100vh; height: 100dvh; border-radius: 0; }
    }`;

  const host = document.createElement("div");
  const shadow = host.attachShadow({ mode: "open" });
  // A constructed sheet passes the page's own style policy, where a style element may not.
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(style);
  shadow.adoptedStyleSheets = [sheet];

  const button = document.createElement("button");
  button.type = "button";
  button.setAttribute("aria-haspopup", "dialog");
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  svg.append(path);
  button.append(svg);
  shadow.append(button);

  let frame = null;

  function show(open) {
    if (open && !frame) {
      // Only now: a page that shows the button alone costs its visitors no second page.
      frame = document.createElement("iframe");
      frame.src = chat.href;
      frame.title = label;
      frame.allow = "clipboard-write";
      shadow.append(frame);
    }
    if (frame) frame.hidden = !open;
    button.setAttribute("aria-expanded", String(open));
    button.setAttribute("aria-label", open ? closeLabel : label);
    path.setAttribute("d", open ? "m6 6 12 12M18 6 6 18"
      : "M4 8a3 3 0 0 1 3-3h10a3 3 0 0 1 3 3v6a3 3 0 0 1-3 3h-5l-4.5 4v-4H7a3 3 0 0 1-3-3z");
    if (open) frame.focus();
  }

  button.addEventListener("click", () => show(!frame || frame.hidden));
  addEventListener("message", (event) => {
    const ours = frame && event.source === frame.contentWindow && event.origin === chat.origin;
    if (!ours || event.data?.xiaoq !== "close") return;
    show(false);
    button.focus();
  });
  show(false);
  document.body.append(host);
})();
