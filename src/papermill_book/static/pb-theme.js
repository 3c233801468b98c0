// A formula wider than a phone scrolls in a box of its own: let the keyboard reach it, and only then.
addEventListener("load", async () => {
  await window.MathJax?.startup?.promise;
  const watch = new ResizeObserver((entries) => {
    for (const { target } of entries) {
      if (target.scrollWidth > target.clientWidth) target.tabIndex = 0;
      else target.removeAttribute("tabindex");
    }
  });
  for (const formula of document.querySelectorAll('mjx-container[display="true"]')) watch.observe(formula);
});
