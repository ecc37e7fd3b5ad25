// Puts the page together: what comes from the server is shown, what is done here is sent.

import { AnswerCard, isAsking } from "./answer.js";
import { Connection } from "./connection.js";
import { History } from "./history.js";
import { offerSpeech } from "./speech.js";
import { Stage } from "./stage.js";
import { offerTheme } from "./theme.js";

const byId = (id) => document.getElementById(id);
const NOTICE_MS = 9000;
const BACK_MS = 5000;
const WAIT_MS = 1500;
const LINK_WORDS = { waiting: "Waiting for", lost: "Lost" };
const KIND_WORDS = { node: "Live", folder: "Folder", video: "Video", camera: "Live" };

const box = byId("text");
const show = { mask: byId("show-mask"), response: byId("show-response"), boxes: byId("show-boxes") };
const stage = new Stage((u, v) => asked && connection.send({ type: "click", u, v }));
const card = new AnswerCard(stage, ({ centroid: [u, v] }) => connection.send({ type: "click", u, v }));
const history = new History((text) => ask(text));

let askedAt = -Infinity;
let asked = ""; // the query in force, as far as is known here
let state = null;
let last = null; // the last answer and its pictures
let noticeTimer = 0;
let bannerTimer = 0;

const connection = new Connection(take, onOpen, onLost);
offerTheme(byId("theme"));
offerSpeech(byId("speak"), (words, isFinal) => {
  box.value = words;
  if (isFinal && words) ask(words);
}, (text) => notice("warning", text));

function take(head, parts) {
  if (head.type === "picture") {
    byId("blank").hidden = true;
    stage.showPicture(head.size, parts.jpeg).finally(() => {
      connection.send({ type: "shown", what: "picture" });
    });
  } else if (head.type === "answer") {
    takeAnswer(head.answer, parts).finally(() => connection.send({ type: "shown", what: "answer" }));
  } else if (head.type === "state") {
    takeState(head);
  } else if (head.type === "notice") {
    notice(head.level, head.text);
    if (head.level !== "info" && waitsFor()) takeBack();
  }
}

async function takeAnswer(answer, parts) {
  last = answer && { answer, parts };
  await redraw();
  if (!answer) {
    card.wait(asked, state?.link === "lost");
    byId("latency").textContent = "–";
    return;
  }
  // Most likely of the query before; if not, the words were understood as another query, and
  // `reconcile` takes it.
  if (answer.query === asked || !waitsFor()) tellAnswer(answer);
}

function tellAnswer(answer) {
  setAsked(answer.query);
  card.show(answer);
  history.note(answer.query, answer.status);
  byId("latency").textContent = `${Math.round(answer.latency.total)} ms`;
  byId("stage").dataset.total = answer.latency.total;
}

// Whether a query was asked so lately that news of the one before may still come.
function waitsFor() {
  return performance.now() - askedAt < WAIT_MS;
}

// Brings the query that is shown in line with the one that is in force.
function reconcile() {
  if (waitsFor()) return;
  if (last && last.answer.query !== asked) {
    tellAnswer(last.answer);
  } else if (state && state.query !== null && state.query !== asked) {
    setAsked(state.query);
    if (!last || !asked) card.wait(asked);
  }
}

// What was asked is refused: what was in force before still is.
function takeBack() {
  askedAt = -Infinity;
  setAsked(state?.query ?? "");
  if (last) card.show(last.answer);
  else card.wait(asked);
}

function redraw() {
  const wanted = { mask: show.mask.checked, response: show.response.checked, boxes: show.boxes.checked };
  return stage.showAnswer(last?.answer ?? null, last?.parts ?? {}, wanted);
}

function takeState(now) {
  const before = state;
  state = now;
  byId("source").dataset.link = now.link;
  byId("link-words").textContent = LINK_WORDS[now.link] ?? KIND_WORDS[now.kind];
  byId("source-name").textContent = now.name;
  byId("source").title = Object.entries(now.numbers).map(([name, value]) => `${name}: ${value}`).join("\n");
  byId("folder").hidden = now.kind !== "folder";
  byId("item").textContent = `${now.item} (${now.position + 1} of ${now.count})`;
  byId("pause").hidden = now.kind !== "video";
  byId("pause").textContent = now.paused ? "Go on" : "Pause";
  byId("pause").setAttribute("aria-pressed", now.paused);
  byId("blank-words").textContent = now.detail || "Waiting for the first picture";
  reconcile();
  const lost = now.link === "lost";
  byId("stage").classList.toggle("off", lost);
  if (lost) {
    banner("error", now.detail);
    setAsked("");
    card.wait("", true);
  } else if (before?.link === "lost" && now.link === "live") {
    if (!asked) card.wait("");
    const again = box.value && now.kind === "node" ? " It has forgotten the query; press Enter to ask again." : "";
    banner("good", `${now.name} is back.${again}`, BACK_MS);
  } else if (now.level !== "info" && now.link === "live") {
    banner(now.level, now.detail);
  } else if (!bannerTimer) {
    banner("", "");
  }
}

function onOpen() {
  sendWanted();
  byId("stage").classList.remove("off");
  banner("", "");
}

function onLost() {
  state = null;
  byId("source").dataset.link = "lost";
  byId("link-words").textContent = "Disconnected";
  byId("source-name").textContent = "";
  byId("stage").classList.add("off");
  banner("error", "The page's own server does not answer; trying again.");
}

// Says what is looked at: nothing while the page is hidden, so that nothing is drawn for it.
function sendWanted() {
  const parts = document.hidden ? [] : ["picture"];
  if (!document.hidden && show.mask.checked) parts.push("mask");
  if (!document.hidden && show.response.checked) parts.push("response");
  connection.send({ type: "want", parts });
}

function ask(text) {
  const words = text.trim();
  if (!connection.send({ type: "ask", text: words })) {
    notice("error", "not sent: the page's server does not answer");
    return;
  }
  notice("info", "");
  if (!words) {
    box.value = "";
    last = null;
    redraw();
  } else {
    box.value = words;
    box.select();
    history.add(words);
  }
  askedAt = performance.now();
  setTimeout(reconcile, WAIT_MS + 50);
  // While it is asked which one is meant, the text may be the answer; the query then stays.
  if (words && isAsking(last?.answer)) {
    askedAt = -Infinity;
  } else {
    setAsked(words);
    card.wait(words);
  }
}

function setAsked(text) {
  asked = text;
  byId("clear").hidden = !text;
  byId("stage").classList.toggle("asked", Boolean(text));
}

function notice(level, text) {
  clearTimeout(noticeTimer);
  byId("notice").dataset.level = level;
  byId("notice").textContent = text;
  if (text) noticeTimer = setTimeout(() => notice("info", ""), NOTICE_MS);
}

function banner(level, text, forMs = 0) {
  clearTimeout(bannerTimer);
  bannerTimer = forMs ? setTimeout(() => { bannerTimer = 0; banner("", ""); }, forMs) : 0;
  byId("banner").hidden = !text;
  byId("banner").dataset.level = level;
  if (byId("banner").textContent !== text) byId("banner").textContent = text;
}

byId("ask").addEventListener("submit", (event) => {
  event.preventDefault();
  if (box.value.trim()) ask(box.value);
});
byId("clear").addEventListener("click", () => {
  ask("");
  box.focus();
});
for (const name of ["mask", "response", "boxes"]) {
  show[name].addEventListener("change", () => {
    sendWanted();
    redraw();
  });
}
byId("previous").addEventListener("click", () => connection.send({ type: "step", by: -1 }));
byId("next").addEventListener("click", () => connection.send({ type: "step", by: 1 }));
byId("pause").addEventListener("click", () => connection.send({ type: "pause", on: !state?.paused }));
document.addEventListener("visibilitychange", sendWanted);

box.addEventListener("keydown", (event) => {
  if (event.key === "ArrowUp" || event.key === "ArrowDown") {
    event.preventDefault();
    box.value = history.go(event.key === "ArrowUp" ? 1 : -1, box.value);
    box.setSelectionRange(box.value.length, box.value.length);
  } else if (event.key === "Escape") {
    box.blur();
  }
});

const KEYS = {
  "/": () => { box.focus(); box.select(); },
  m: () => show.mask.click(),
  r: () => show.response.click(),
  b: () => show.boxes.click(),
  t: () => byId("theme").click(),
  p: () => state?.kind === "video" && byId("pause").click(),
  "[": () => state?.kind === "folder" && byId("previous").click(),
  "]": () => state?.kind === "folder" && byId("next").click(),
};
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target === box) return;
  if (/^[1-9]$/.test(event.key)) {
    card.press(Number(event.key));
  } else if (KEYS[event.key]) {
    event.preventDefault();
    KEYS[event.key]();
  }
});

setInterval(() => {
  const rate = stage.rate();
  const still = state?.kind === "folder" || state?.paused;
  byId("fps").textContent = still ? "still" : rate ? `${rate.toFixed(rate < 10 ? 1 : 0)} /s` : "–";
}, 500);
if (matchMedia("(pointer: fine)").matches) box.focus();
