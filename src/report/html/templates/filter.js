"use strict";
for (const input of document.querySelectorAll("input[data-filter]")) {
  const box = input.closest(".filter");
  const said = box.querySelector("output");
  const lines = Array.from(document.querySelectorAll(input.dataset.filter));
  let texts = null;
  box.hidden = lines.length < 2;
  input.addEventListener("input", () => {
    texts ??= lines.map((line) => line.textContent.toLowerCase());
    const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    lines.forEach((line, at) => {
      const is = words.every((word) => texts[at].includes(word));
      line.hidden = !is;
      const fold = line.parentElement.closest("details");
      if (fold && words.length) fold.open ||= is;
      shown += is;
    });
    said.textContent = words.length ? `${shown} of ${lines.length} shown` : "";
  });
}
