"use strict";
// Looks again while the page is seen and something may still happen. A page that has not changed
// costs one 304; a text that is being selected is left alone; an answer that fails makes it wait.
(() => {
  const fresh = document.getElementById("fresh");
  const longest = 60;
  let wait = 0, tag = "", since = "";
  const now = () => new Date().toISOString().slice(11, 19);
  const every = (main) => Number((main && main.dataset.every) || 0);
  const main = () => document.querySelector("main");

  const show = (text) => {
    const next = new DOMParser().parseFromString(text, "text/html");
    const selection = window.getSelection();
    if (selection && !selection.isCollapsed) { tag = ""; return; }
    const open = new Set([...document.querySelectorAll("details[open]")].map((one) => one.id));
    for (const one of next.querySelectorAll("details")) {
      if (open.has(one.id)) { one.open = true; }
    }
    document.title = next.title;
    const old = main(), found = next.querySelector("main");
    if (found) { old.replaceWith(document.adoptNode(found)); }
  };

  const look = async () => {
    if (document.hidden) { return; }
    try {
      const headers = tag ? { "If-None-Match": tag } : {};
      const answer = await fetch(location.pathname, { headers, cache: "no-store" });
      if (!answer.ok && answer.status !== 304) { throw new Error(String(answer.status)); }
      if (answer.ok) {
        tag = answer.headers.get("ETag") || "";
        show(await answer.text());
      }
      since = "";
      wait = every(main());
      fresh.textContent = wait ? "live" : "over";
    } catch {
      since = since || now();
      wait = Math.min(longest, 2 * wait);
      fresh.textContent = `not reachable since ${since} UTC`;
    }
  };

  const turn = async () => {
    await look();
    if (wait) { setTimeout(turn, 1000 * wait); }
  };

  wait = every(main());
  if (wait) {
    fresh.textContent = "live";
    setTimeout(turn, 1000 * wait);
    document.addEventListener("visibilitychange", look);
  }
})();
