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

  // Reads a pasted line as the server does (mentions.py), whose patterns the page of a static copy brings along.
  function read(line, rules, codes) {
    const pattern = (source, flags = "i") => new RegExp(source, flags);
    let text = line.slice(0, rules.max).normalize("NFKC");
    for (let round = 0; round < 3; round += 1) {
      text = text.replace(pattern(rules.hexadecimal, "gi"), (_, digits) => String.fromCharCode(parseInt(digits, 16)));
      for (const [escape, instead] of rules.escapes) {
        text = text.replace(pattern(escape, "gi"), instead);
      }
    }
    text = text.replaceAll("\u2019", "'");

    const kindOf = (before) => {
      if (pattern(rules.noCode).test(before)) {
        return "other";
      }
      if (!pattern(rules.logLevel, "").test(before) && rules.labels.some((label) => pattern(label).test(before))) {
        return "labeled";
      }
      return pattern(rules.other).test(before) ? "other" : "plain";
    };
    const mentions = [];
    let kind = "other";
    let end = -1;
    for (const found of text.matchAll(pattern(rules.number, "gi"))) {
      if (end < 0 || !pattern(rules.and).test(text.slice(end, found.index))) {
        kind = kindOf(text.slice(Math.max(0, found.index - rules.reach), found.index));
      }
      end = found.index + found[0].length;
      const isOther = kind === "other" || pattern(rules.unit).test(text.slice(end, end + rules.reach));
      if (!isOther && (kind === "labeled" || !found[0].includes("."))) {
        mentions.push({ code: found[0].split(".")[0], isLabeled: kind === "labeled" });
      }
    }

    const unique = (list) => [...new Set(list)];
    const one = (list, isCertain) => ({ codes: list, isCertain: isCertain && list.length === 1 });
    const labeled = unique(mentions.filter((mention) => mention.isLabeled).map((mention) => mention.code));
    const known = labeled.filter((code) => codes.has(code) || code.length === 4);
    if (known.some((code) => codes.has(code))) {
      return one(known, true);
    }
    const named = byName(text, codes);
    if (named.length) {
      return one(named, true);
    }
    if (known.length) {
      return one(known, true);
    }
    const isTyped = pattern(rules.typed).test(text) && text.split(/\s+/).filter(Boolean).length <= rules.typedWords;
    const numbers = mentions.map((mention) => mention.code).filter((code) => codes.has(code));
    return one(labeled.length ? [] : unique(numbers), isTyped);
  }

  function byName(line, codes) {
    const squeeze = (text) => text.toLowerCase().trim().replace(/\s+/g, " ");
    const said = new Set((line.match(/\w+/g) || []).flatMap((word) => (word.includes("_") ? [word, word.toUpperCase()] : [word])));
    const found = new Set([...codes].filter(([, row]) => said.has(row.name)).map(([code]) => code));
    const messages = new Set([...codes.values()].map((row) => squeeze(row.message)).filter(Boolean));
    let text = squeeze(line);
    for (const message of [...messages].sort((one, other) => other.length - one.length)) {
      if (text.includes(message)) {
        text = text.replaceAll(message, " ");
        [...codes].filter(([, row]) => squeeze(row.message) === message).forEach(([code]) => found.add(code));
      }
    }
    return [...codes.keys()].filter((code) => found.has(code));
  }

  const form = document.querySelector("form[data-filter]");
  if (form) {
    const input = form.querySelector("[name=q]");
    const count = form.querySelector(".count");
    const rows = [...document.querySelectorAll("[data-row]")].map((row) => [row, row.textContent.toLowerCase()]);
    const groups = document.querySelectorAll("[data-group]");
    // A page that shows the answer to a query lacks the other rows: there the server filters.
    const isComplete = !input.value;
    const show = (wanted) => {
      for (const [row] of rows) {
        row.hidden = !wanted.has(row);
      }
      for (const group of groups) {
        group.hidden = !group.querySelector("[data-row]:not([hidden])");
      }
      const found = wanted.size;
      count.textContent = found === 0 ? count.dataset.none : found === 1 ? count.dataset.one : count.dataset.many.replace("%(count)s", found);
    };
    const filter = () => {
      const wanted = input.value.toLowerCase().split(/\s+/).filter(Boolean);
      show(new Set(rows.filter(([, text]) => wanted.every((word) => text.includes(word))).map(([row]) => row)));
    };
    const rules = document.getElementById("reading");
    if (rules) { // a static copy: no server answers the form
      form.hidden = false;
      const codes = new Map(rows.map(([row]) => [row.querySelector(".number").textContent, {
        row,
        name: row.dataset.name,
        message: row.querySelector(".provider").textContent.trim(),
      }]));
      form.addEventListener("submit", (event) => {
        event.preventDefault();
        const reading = read(input.value, JSON.parse(rules.textContent), codes);
        const rowsFound = reading.codes.filter((code) => codes.has(code)).map((code) => codes.get(code).row);
        if (reading.isCertain && rowsFound.length) {
          rowsFound[0].querySelector("a").click();
          return;
        }
        if (reading.codes.length) {
          show(new Set(rowsFound));
          // The codes after which money may have moved come first.
          rowsFound.sort((one, other) => one.dataset.rank - other.dataset.rank);
          rowsFound.forEach((row) => row.parentElement.append(row));
        }
        document.querySelector("[data-safe]").hidden = rows.some(([row]) => !row.hidden);
      });
    }
    if (isComplete) {
      input.addEventListener("input", filter);
    }
  }
})();
