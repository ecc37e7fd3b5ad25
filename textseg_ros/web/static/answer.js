// The card that says what was found, and the candidates to choose from.

const BADGES = { found: "Found", ambiguous: "Which one?", not_found: "Not in view" };
const STAGES = {
  wait: "waiting", decode: "picture", preprocess: "to the network", encoder: "image",
  text: "words", head: "query", postprocess: "mask", convert: "messages", reasoner: "reasoner",
};

const byId = (id) => document.getElementById(id);

export class AnswerCard {
  #card = byId("answer");
  #shown = "";
  #spoken = "";
  #choose;
  #stage;
  #buttons = [];

  // choose(thing): the candidate that is meant.
  constructor(stage, choose) {
    this.#stage = stage;
    this.#choose = choose;
  }

  // Says that a query was asked and not answered yet, that there is none (""), or that nobody
  // is there to answer.
  wait(query, isLost = false) {
    this.#head("none", isLost ? "Node lost" : query ? "Looking" : "Nothing asked");
    const hint = isLost ? "It cannot be asked until it is back." : "Say or type what to look for.";
    byId("expression").textContent = query || hint;
    byId("question").textContent = "";
    for (const id of ["sure", "place", "destination", "explanation", "unknown", "stages"]) byId(id).hidden = true;
    this.#list([]);
  }

  show(answer) {
    this.#head(answer.status, answer.stale ? `${BADGES[answer.status]}, late` : BADGES[answer.status]);
    byId("expression").textContent = answer.expression || answer.query;
    byId("question").textContent = sentence(answer.question);
    const percent = Math.round(answer.score * 100);
    byId("sure").hidden = false;
    byId("score").textContent = `${percent} %`;
    byId("meter").style.width = `${percent}%`;
    this.#line("place", answer.status === "found" && placeWords(answer.things));
    this.#line("destination", answer.destination && destinationWords(answer));
    this.#line("explanation", answer.explanation);
    this.#line("unknown", answer.unknownWords.length && `Not known: ${answer.unknownWords.join(", ")}`);
    this.#times(answer.latency);
    this.#list(candidatesOf(answer));
    this.#say(answer);
  }

  // Chooses the candidate of a number from 1; returns whether there is one.
  press(number) {
    const button = this.#buttons[number - 1];
    button?.click();
    return Boolean(button);
  }

  #head(status, badge) {
    this.#card.dataset.status = status;
    byId("badge").textContent = badge;
  }

  #line(id, text) {
    byId(id).hidden = !text;
    byId(id).textContent = text || "";
  }

  #times(latency) {
    byId("stages").hidden = false;
    if (!byId("stages").open) return;
    const rows = Object.entries(STAGES).filter(([stage]) => stage in latency);
    const longest = Math.max(...rows.map(([stage]) => latency[stage]), 1e-6);
    byId("stage-list").replaceChildren(...rows.flatMap(([stage, words]) => {
      const bar = make("dd", "meter");
      const length = make("i");
      length.style.width = `${(latency[stage] / longest) * 100}%`;
      bar.append(length);
      return [make("dt", "", words), bar, make("dd", "", `${latency[stage].toFixed(1)} ms`)];
    }));
  }

  // Lists candidates; left alone while they are the same, so that the focus stays on one.
  #list(candidates) {
    const key = JSON.stringify(candidates.map(({ id, label }) => [id, label]));
    const choose = (thing) => () => this.#choose(thing);
    const near = (index) => (on) => this.#buttons[index]?.classList.toggle("near", on);
    const marks = this.#stage.showMarks(candidates.map((thing, index) => ({
      number: index + 1, title: thing.label, box: thing.box,
      choose: choose(thing), near: near(index),
    })));
    const list = byId("candidates");
    list.hidden = !candidates.length;
    if (key !== this.#shown) {
      this.#shown = key;
      const had = list.contains(document.activeElement);
      this.#buttons = candidates.map((thing, index) => {
        const button = make("button");
        button.type = "button";
        button.append(make("i", "", index + 1), make("span", "", thing.label || `number ${index + 1}`));
        button.append(make("small", "", `${Math.round(thing.score * 100)} %`));
        return button;
      });
      list.replaceChildren(...this.#buttons.map((button) => {
        const item = make("li");
        item.append(button);
        return item;
      }));
      if (had) byId("text").focus();
    }
    this.#buttons.forEach((button, index) => {
      button.onclick = choose(candidates[index]);
      button.onmouseenter = button.onfocus = () => marks[index].classList.add("near");
      button.onmouseleave = button.onblur = () => marks[index].classList.remove("near");
    });
  }

  // Speaks to screen readers when what is found changes, not with every picture.
  #say(answer) {
    const words = answer.question
      ? sentence(answer.question)
      : `${BADGES[answer.status]}: ${answer.expression}`;
    if (words === this.#spoken) return;
    this.#spoken = words;
    byId("spoken").textContent = words;
  }
}

// Whether it is asked which thing or place is meant.
export function isAsking(answer) {
  return answer?.status === "ambiguous" || answer?.destinationStatus === "ambiguous";
}

// What is asked about: the thing to take, then the place for it; from left to right, as numbered.
function candidatesOf(answer) {
  if (answer.status === "ambiguous") return ordered(answer.things);
  return answer.destinationStatus === "ambiguous" ? ordered(answer.destinationThings) : [];
}

function ordered(things) {
  const numbered = things.every(({ label }) => /^number \d+$/.test(label));
  const place = numbered
    ? ({ label }) => Number(label.slice(7))
    : ({ centroid }) => centroid[0] + centroid[1] / 1e4;
  return [...things].sort((one, other) => place(one) - place(other));
}

function placeWords(things) {
  if (things.length !== 1) return `${things.length} objects`;
  const [u, v] = things[0].centroid.map(Math.round);
  return `At ${u}, ${v} pixels`;
}

function destinationWords(answer) {
  const state = { found: "found", not_found: "not in view", ambiguous: "several fit", not_asked: "" };
  const words = state[answer.destinationStatus];
  return `To ${answer.destination}${words && `: ${words}`}`;
}

function sentence(text) {
  return text && text[0].toUpperCase() + text.slice(1);
}

export function make(name, className = "", text = "") {
  const element = document.createElement(name);
  if (className) element.className = className;
  if (text !== "") element.textContent = text;
  return element;
}
