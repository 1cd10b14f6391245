// Comfort only: every page works without it. Previews a section, copies a placeholder, warns before texts are lost.
"use strict";

document.addEventListener("DOMContentLoaded", () => {
  for (const button of document.querySelectorAll("[data-pts-preview]")) {
    const field = document.getElementById(button.dataset.ptsFor);
    const target = document.getElementById(`${button.dataset.ptsFor}_preview`);
    button.hidden = false;
    button.addEventListener("click", async () => {
      const body = new FormData();
      body.append("text", field.value);
      body.append("csrfmiddlewaretoken", document.querySelector("[name=csrfmiddlewaretoken]").value);
      const response = await fetch(button.dataset.ptsPreview, { method: "POST", body, credentials: "same-origin" });
      const text = await response.text();
      target.hidden = false;
      if (response.ok) {
        target.innerHTML = text; // rendered on the server, which lets no HTML of the text through
      } else {
        target.textContent = response.status === 400 ? text : response.statusText;
      }
      button.focus();
    });
  }

  for (const chip of document.querySelectorAll("[data-pts-copy]")) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "pts-chip";
    button.textContent = chip.textContent;
    button.addEventListener("click", () => navigator.clipboard?.writeText(chip.dataset.ptsCopy));
    chip.replaceWith(button);
  }

  for (const link of document.querySelectorAll(".pts-issues a[href^='#']")) {
    link.addEventListener("click", () => {
      document.getElementById(link.hash.slice(1))?.closest("details")?.setAttribute("open", "");
    });
  }

  const form = document.querySelector("#errorcode_form, #message_form");
  if (form) {
    let isDirty = document.querySelector(".pts-conflict") !== null;
    form.addEventListener("input", () => { isDirty = true; });
    form.addEventListener("submit", () => { isDirty = false; });
    window.addEventListener("beforeunload", (event) => {
      if (isDirty) {
        event.preventDefault();
      }
    });
  }
});
