// The console's own few lines in the browser.
(() => {
  "use strict";

  // Gradio copies a message's source, which is HTML (pages/bubbles.py); people want the words of the answer.
  const words = (source) => {
    const read = new DOMParser().parseFromString(source, "text/html");
    const answer = read.querySelector(".xq-answer") || read.body;
    for (const item of answer.querySelectorAll("li")) {
      const list = item.parentElement;
      const number = [...list.children].indexOf(item) + (list.start || 1);
      item.prepend(list.tagName === "OL" ? `${number}. ` : "- ");
    }
    return answer.textContent.trim();
  };
  const clipboard = navigator.clipboard;
  if (clipboard) {
    const write = clipboard.writeText.bind(clipboard);
    clipboard.writeText = (text) => write(words(text));
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

  // The server closes Gradio's stream of results once nothing is pending. An event that joins in that very
  // moment finds the stream open for the page and closed for the server: its result would wait for the next
  // event, and a question sent quickly would seem to be ignored. So a stream that closes while a result is
  // due goes on as a new one.
  const fetched = window.fetch.bind(window);
  const due = new Set();
  const told = new Set();

  const joined = async (response) => {
    if (!response.ok) return;
    const { event_id: event } = await response.clone().json();
    // A result may overtake the answer to its own joining.
    if (event && !told.delete(event)) due.add(event);
  };

  const closes = (text) => {
    const message = JSON.parse(text.replace(/^data:\s*/, "") || "{}");
    if (message.msg === "process_completed" && !due.delete(message.event_id)) told.add(message.event_id);
    return message.msg === "close_stream" && due.size > 0;
  };

  const lasting = (first, again) => {
    const decoder = new TextDecoder();
    const encoder = new TextEncoder();
    let reader = first.body.getReader();
    let text = "";
    const pull = async (controller) => {
      for (;;) {
        const end = text.indexOf("\n\n");
        if (end < 0) {
          const { done, value } = await reader.read();
          if (done) return controller.close();
          text += decoder.decode(value, { stream: true });
          continue;
        }
        const message = text.slice(0, end + 2);
        text = text.slice(end + 2);
        const next = closes(message.trim()) ? await again() : null;
        if (!next || !next.ok) return controller.enqueue(encoder.encode(message));
        reader = next.body.getReader();
      }
    };
    const body = new ReadableStream({ pull, cancel: (reason) => reader.cancel(reason) });
    return new Response(body, { status: first.status, headers: first.headers });
  };

  window.fetch = async (input, init) => {
    const address = String(input.url || input);
    const response = await fetched(input, init);
    if (address.includes("/queue/join")) await joined(response);
    if (!address.includes("/queue/data") || !response.ok) return response;
    const { headers, signal, credentials } = input.url ? input : init || {};
    return lasting(response, () => fetched(address, { headers, signal, credentials }));
  };
})();
