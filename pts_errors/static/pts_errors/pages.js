// Adds comfort to pages that work without it: filter in place, copy buttons, checklists.
(() => {
  "use strict";
  const words = document.currentScript.dataset;

  async function copy(text) {
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      // Browsers give no clipboard to pages without TLS.
      const area = document.createElement("textarea");
      area.value = text;
      area.className = "hidden";
      document.body.append(area);
      area.select();
      document.execCommand("copy");
      area.remove();
    }
  }

  function button(label, text) {
    const element = document.createElement("button");
    element.type = "button";
    element.className = "copy";
    element.textContent = label;
    element.lang = document.documentElement.lang;
    element.setAttribute("aria-live", "polite");
    element.addEventListener("click", async () => {
      await copy(text());
      element.textContent = words.copied;
      setTimeout(() => { element.textContent = label; }, 2000);
    });
    return element;
  }

  for (const source of document.querySelectorAll("[data-copy]:not(script), .prose pre")) {
    source.after(button(words.copy, () => (source.dataset.copy === "url" ? source.href : source.textContent.trim())));
  }

  const article = document.querySelector("[data-runbook]");
  const steps = article ? [...article.querySelectorAll(".prose ol > li")].filter((step) => !step.parentElement.closest("li")) : [];
  if (steps.length) {
    const line = (step) => "- [ ] " + step.innerText.replace(/\s+/g, " ").trim();
    const list = () => [article.dataset.runbook, ...steps.map(line)].join("\n") + "\n";
    article.querySelector(".contents").after(button(words.checklist, list));
  }

  const form = document.querySelector("form[data-filter]");
  if (form) {
    const input = form.querySelector("[name=q]");
    const count = form.querySelector(".count");
    const rows = [...document.querySelectorAll("[data-row]")].map((row) => [row, row.textContent.toLowerCase()]);
    const groups = document.querySelectorAll("[data-group]");
    // A page that shows the answer to a query lacks the other rows: there the server filters.
    const isComplete = !input.value;
    const filter = () => {
      const wanted = input.value.toLowerCase().split(/\s+/).filter(Boolean);
      let found = 0;
      for (const [row, text] of rows) {
        row.hidden = !wanted.every((word) => text.includes(word));
        found += row.hidden ? 0 : 1;
      }
      for (const group of groups) {
        group.hidden = !group.querySelector("[data-row]:not([hidden])");
      }
      count.textContent = found === 0 ? count.dataset.none : found === 1 ? count.dataset.one : count.dataset.many.replace("%(count)s", found);
    };
    const isStatic = form.hidden;
    if (isStatic) {
      form.hidden = false;
      form.addEventListener("submit", (event) => {
        event.preventDefault();
        // As the server does: the first known code in a pasted line wins.
        const links = new Map(rows.map(([row]) => [row.querySelector(".number").textContent, row.querySelector("a")]));
        const known = (input.value.match(/\d+/g) || []).find((number) => links.has(number));
        if (known) {
          links.get(known).click();
        }
      });
    }
    if (isComplete) {
      input.addEventListener("input", filter);
    }
  }
})();
