// Enlarges a figure in a dialog: by its button, or by a click on it.
(() => {
  "use strict";
  let dialog, sheet, from;

  const make = () => {
    dialog = document.createElement("dialog");
    dialog.className = "pb-enlarged";
    const closer = document.createElement("button");
    closer.type = "button";
    closer.className = "pb-closer";
    closer.textContent = "Close";
    closer.addEventListener("click", () => dialog.close());
    sheet = document.createElement("div");
    sheet.className = "pb-sheet";
    sheet.tabIndex = 0; // so that the arrow keys scroll it
    dialog.append(closer, sheet);
    dialog.addEventListener("click", (event) => {
      if (event.target === dialog) dialog.close(); // beside what it holds
    });
    // Where a click on the picture opened it, the browser knows no place to return to.
    dialog.addEventListener("close", () => from.focus({ preventScroll: true }));
    document.body.append(dialog);
  };

  document.addEventListener("click", (event) => {
    const trigger = event.target.closest(".pb-enlarge, .pb-picture img");
    if (!trigger) return;
    const figure = trigger.closest("figure");
    const shown = [...figure.querySelectorAll(".pb-picture img")].find((image) => image.offsetWidth);
    from = figure.querySelector(".pb-enlarge");
    if (!shown || !from) return;
    if (!dialog) make();
    const image = new Image(shown.width, shown.height);
    image.className = shown.className; // or the theme would dim it
    image.alt = shown.alt;
    image.src = shown.src;
    const ratio = shown.getAttribute("width") / shown.getAttribute("height");
    image.style.setProperty("--pb-ratio", ratio || shown.offsetWidth / shown.offsetHeight);
    sheet.replaceChildren(image);
    const number = figure.querySelector(".caption-number");
    const name = `${number ? number.textContent.trim() : "Figure"}, enlarged`;
    dialog.setAttribute("aria-label", name);
    sheet.setAttribute("role", "group");
    sheet.setAttribute("aria-label", name);
    dialog.showModal();
  });
})();
