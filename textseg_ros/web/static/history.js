// What was asked: a list to click and the arrow keys in the box; kept by this browser.

import { make } from "./answer.js";

const KEY = "textseg-history";
const MOST = 40;

export class History {
  #entries = load();
  #list = document.getElementById("history");
  #place = -1;
  #draft = "";
  #ask;

  constructor(ask) {
    this.#ask = ask;
    document.getElementById("forget").addEventListener("click", () => {
      this.#entries = [];
      this.#changed();
    });
    this.#draw();
  }

  // Adds what is asked now, or brings it to the front.
  add(text) {
    this.#entries = this.#entries.filter((entry) => entry.text !== text);
    this.#entries.unshift({ text, status: "", at: Date.now() });
    this.#entries.length = Math.min(this.#entries.length, MOST);
    this.#place = -1;
    this.#changed();
  }

  // Notes how a query was answered.
  note(text, status) {
    const entry = this.#entries.find((one) => one.text === text);
    if (!entry || entry.status === status) return;
    entry.status = status;
    this.#changed();
  }

  // Returns an older (1) or newer (-1) text, with what was being typed at the newest end.
  go(by, typed) {
    if (this.#place < 0) this.#draft = typed;
    this.#place = Math.max(-1, Math.min(this.#entries.length - 1, this.#place + by));
    return this.#place < 0 ? this.#draft : this.#entries[this.#place].text;
  }

  #changed() {
    try {
      localStorage.setItem(KEY, JSON.stringify(this.#entries));
    } catch {
      // Without storage it lasts as long as the page.
    }
    this.#draw();
  }

  #draw() {
    this.#list.replaceChildren(...this.#entries.map(({ text, status, at }) => {
      const button = make("button");
      button.type = "button";
      button.dataset.status = status;
      button.title = text;
      const time = make("time", "", new Date(at).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" }));
      button.append(make("i"), make("span", "", text), time);
      button.addEventListener("click", () => this.#ask(text));
      const item = make("li");
      item.append(button);
      return item;
    }));
    document.getElementById("history-empty").hidden = this.#entries.length > 0;
    document.getElementById("forget").hidden = this.#entries.length === 0;
  }
}

function load() {
  try {
    const kept = JSON.parse(localStorage.getItem(KEY) ?? "[]");
    return kept.filter(({ text, at }) => typeof text === "string" && Number.isFinite(at)).slice(0, MOST);
  } catch {
    return [];
  }
}
