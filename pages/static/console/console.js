// The console's own few lines in the browser: downloads, and copying an answer as the text one reads.
(() => {
  "use strict";

  // A hidden download button gets its link a moment after the event that made the file has ended.
  window.xiaoqDownload = async (id) => {
    const deadline = Date.now() + 10000;
    while (Date.now() < deadline) {
      const holder = document.getElementById(id);
      const link = holder && (holder.matches("a[href]") ? holder : holder.querySelector("a[href]"));
      if (link && link.href !== window.xiaoqDownload.last) {
        window.xiaoqDownload.last = link.href;
        const anchor = document.createElement("a");
        anchor.href = link.href;
        anchor.download = decodeURIComponent(link.href.split("/").pop());
        document.body.append(anchor);
        anchor.click();
        anchor.remove();
        return;
      }
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  };
})();
