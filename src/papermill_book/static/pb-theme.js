// What is wider than a phone scrolls in a box of its own: let the keyboard reach it, and only then.
addEventListener("load", async () => {
  await window.MathJax?.startup?.promise;
  const watch = new ResizeObserver((entries) => {
    for (const { target } of entries) {
      if (target.scrollWidth > target.clientWidth) target.tabIndex = 0;
      else target.removeAttribute("tabindex");
    }
  });
  const boxes = 'mjx-container[display="true"], article pre, .cell_output > .output, .pst-scrollable-table-container';
  for (const box of document.querySelectorAll(boxes)) watch.observe(box);
});
