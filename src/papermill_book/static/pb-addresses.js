// A click on a reported number, or on the sign beside a heading or a figure, copies its address.
(() => {
  "use strict";

  const status = document.createElement("div");
  status.className = "pb-copied";
  status.setAttribute("role", "status");
  let hide;

  function say(words) {
    status.textContent = words;
    status.classList.add("pb-shown");
    clearTimeout(hide);
    hide = setTimeout(() => status.classList.remove("pb-shown"), 2500);
  }

  async function copyAddress(anchor) {
    const url = new URL(window.location.href);
    url.hash = anchor;
    try {
      await navigator.clipboard.writeText(url.href);
      say("Address copied");
    } catch {
      // No clipboard: where the browser does not give it to pages, the address bar has to do.
      window.location.hash = anchor;
      say("Its address is in the address bar");
    }
  }

  document.addEventListener("click", (event) => {
    const link = event.target.closest("a.headerlink");
    if (link) {
      copyAddress(decodeURIComponent(link.hash.slice(1)));
      return;
    }
    const number = event.target.closest(".pb-reported");
    // A number inside a link follows the link; text that is being selected is left alone.
    if (!number || event.target.closest("a, summary, button") || !window.getSelection().isCollapsed) return;
    // Only the first of its kind on a page has the anchor.
    const anchor = number.id || number.dataset.anchor;
    if (anchor) copyAddress(anchor);
  });

  document.addEventListener("DOMContentLoaded", () => document.body.append(status));
})();
