// The console's own few lines in the browser.
(() => {
  "use strict";

  // Gradio copies a message's source, our HTML beneath the answer included; people want the answer.
  // An answer's own "<" is always escaped (pages/bubbles.py), so the pattern finds nothing of it.
  const clipboard = navigator.clipboard;
  if (clipboard) {
    const write = clipboard.writeText.bind(clipboard);
    clipboard.writeText = (text) =>
      write(
        text
          .replace(/\s*<div class="xq-(?:note|sources|foot)">[\s\S]*$/, "")
          .replace(/&lt;/g, "<")
          .replace(/&amp;/g, "&"),
      );
  }

  // `file` is what a hidden download button holds once the event that made it has ended.
  window.xiaoqDownload = (file) => {
    if (!file || !file.url) return;
    const anchor = document.createElement("a");
    anchor.href = file.url;
    anchor.download = file.orig_name || decodeURIComponent(file.url.split("/").pop());
    document.body.append(anchor);
    anchor.click();
    anchor.remove();
  };
})();
