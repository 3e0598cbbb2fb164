// Keeps the page fresh and sends its forms; without it the forms still work and reload the page.
"use strict";

const POLL_MS = 500;
const PARTS = ["rooms", "head", "stream", "place", "thread", "modal"];
const shown = new Map();
let tag = "";
let pending = 0;

const byId = (id) => document.getElementById(id);

function nearEnd(box) {
  return box.scrollHeight - box.scrollTop - box.clientHeight < 120;
}

function put(id, html) {
  if (shown.get(id) === html) return;
  shown.set(id, html);
  byId(id).innerHTML = html; // From our own server, which escapes every foreign word.
}

function apply(text) {
  const fresh = new DOMParser().parseFromString(text, "text/html");
  const stream = byId("stream");
  const follow = nearEnd(stream);
  for (const id of PARTS) put(id, fresh.getElementById(id).innerHTML.trim());
  if (follow) stream.scrollTop = stream.scrollHeight;
  markUnread();
}

async function refresh() {
  if (pending) return;
  const answer = await fetch("/console/desk" + location.search, {
    headers: tag ? { "if-none-match": tag } : {},
    cache: "no-store",
  });
  if (answer.status !== 200 || pending) return;
  tag = answer.headers.get("etag");
  apply(await answer.text());
}

async function loop() {
  try {
    await refresh();
    if (byId("trouble").dataset.kind === "away") tell("");
  } catch {
    tell("The stand-in does not answer. This page goes on when it does.", "away");
  }
  setTimeout(loop, POLL_MS);
}

function tell(words, kind = "") {
  const box = byId("trouble");
  box.hidden = !words;
  box.textContent = words;
  box.dataset.kind = kind;
}

// The place stays where somebody is writing, even when a newer channel opens.
function stay() {
  const query = new URLSearchParams(location.search);
  if (query.has("channel")) return;
  query.set("channel", document.querySelector("#place [name=channel]").value);
  history.replaceState(null, "", "?" + query);
}

function markUnread() {
  for (const link of document.querySelectorAll("[data-room]")) {
    const key = "seen " + link.dataset.room;
    const here = link.hasAttribute("aria-current");
    if (here || !sessionStorage.getItem(key)) sessionStorage.setItem(key, link.dataset.latest);
    link.classList.toggle("unread", sessionStorage.getItem(key) < link.dataset.latest);
  }
}

function confirmed(button) {
  if (!button || !button.dataset.confirmTitle) return Promise.resolve(true);
  const dialog = byId("confirm");
  const [no, yes] = dialog.querySelectorAll("button");
  dialog.querySelector("h2").textContent = button.dataset.confirmTitle;
  dialog.querySelector("p").textContent = button.dataset.confirmText;
  no.textContent = button.dataset.confirmNo;
  yes.textContent = button.dataset.confirmYes;
  yes.className = button.dataset.confirmStyle;
  dialog.returnValue = "deny";
  dialog.showModal();
  return new Promise((settle) => {
    no.onclick = () => dialog.close("deny");
    yes.onclick = () => dialog.close("confirm");
    dialog.onclose = () => settle(dialog.returnValue === "confirm");
  });
}

async function send(form, button) {
  const action = (button && button.getAttribute("formaction")) || form.getAttribute("action");
  const body = new URLSearchParams(new FormData(form));
  const thread = new URLSearchParams(location.search).get("thread");
  if (thread && form.id === "composer") body.set("thread", thread);
  const answer = await fetch(action, { method: "POST", body, headers: { accept: "application/json" } });
  return answer.json();
}

async function submitted(form, button) {
  if (!(await confirmed(button))) return;
  if (button && button.dataset.url) window.open(button.dataset.url, "_blank", "noopener");
  if (button) { button.disabled = true; button.classList.add("waiting"); }
  try {
    const answer = await send(form, button);
    tell(answer.ok ? "" : trouble(answer.error));
    if (answer.ok && form.id === "composer") form.reset();
  } catch {
    tell("The stand-in does not answer.");
  }
  if (button) { button.disabled = false; button.classList.remove("waiting"); }
  tag = "";
  await refresh().catch(() => {});
}

function trouble(error) {
  if (error === "dispatch_failed") return "No app is connected: nobody heard that.";
  if (error === "operation_timeout") return "The app did not answer within three seconds.";
  return error;
}

document.addEventListener("submit", (event) => {
  event.preventDefault();
  submitted(event.target, event.submitter);
});

document.addEventListener("change", (event) => {
  const select = event.target;
  if (!select.matches("form.press select")) return;
  if (select.value) submitted(select.form, null);
});

// While a pointer is down on a button its message must not be replaced under it.
for (const [name, step] of [["pointerdown", 1], ["pointerup", -1], ["pointercancel", -1]]) {
  document.addEventListener(name, () => { pending = Math.max(0, pending + step); });
}

byId("composer").addEventListener("input", stay);
byId("composer").addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  event.currentTarget.requestSubmit();
});

for (const id of PARTS) shown.set(id, byId(id).innerHTML.trim());
byId("stream").scrollTop = byId("stream").scrollHeight;
markUnread();
loop();
