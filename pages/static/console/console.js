// The console's own few lines in the browser.
(() => {
  "use strict";

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
