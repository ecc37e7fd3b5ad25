// The picture with its layers: mask, response, boxes and marks to click.

import { drawMask, drawResponse, tintOf, wipe } from "./colour.js";

const MEASURED_MS = 2000;

export class Stage {
  #stage = document.getElementById("stage");
  #picture = document.getElementById("picture");
  #mask = document.getElementById("mask");
  #response = document.getElementById("response");
  #boxes = document.getElementById("boxes");
  #marks = document.getElementById("marks");
  #size = [0, 0];
  #waiting = null;
  #times = [];
  #answers = 0;

  // onClick(u, v): pixels of the camera's picture.
  constructor(onClick) {
    this.#picture.addEventListener("click", (event) => {
      if (!this.#size[0]) return;
      const place = this.#picture.getBoundingClientRect();
      onClick(
        ((event.clientX - place.left) / place.width) * this.#size[0] - 0.5,
        ((event.clientY - place.top) / place.height) * this.#size[1] - 0.5,
      );
    });
  }

  // Shows a JPEG at the next repaint; resolves once it is shown or a newer one took its place.
  async showPicture(size, jpeg) {
    const bitmap = await decoded(jpeg, "image/jpeg");
    if (!bitmap) return;
    await new Promise((resolve) => {
      const before = this.#waiting;
      this.#waiting = { bitmap, size, resolve };
      if (before) {
        before.bitmap.close();
        before.resolve();
      } else {
        requestAnimationFrame(() => this.#paint());
      }
    });
  }

  #paint() {
    const { bitmap, size, resolve } = this.#waiting;
    this.#waiting = null;
    if (this.#picture.width !== bitmap.width || this.#picture.height !== bitmap.height) {
      this.#picture.width = bitmap.width;
      this.#picture.height = bitmap.height;
    }
    if (size.join() !== this.#size.join()) {
      this.#size = size;
      this.#stage.parentElement.style.setProperty("--ratio", (size[0] / size[1]).toFixed(4));
    }
    this.#picture.getContext("2d", { alpha: false }).drawImage(bitmap, 0, 0);
    bitmap.close();
    this.#stage.dataset.shown = Number(this.#stage.dataset.shown) + 1;
    this.#times.push(performance.now());
    resolve();
  }

  // Pictures a second over the last seconds.
  rate() {
    const now = performance.now();
    this.#times = this.#times.filter((time) => now - time < MEASURED_MS);
    return this.#times.length / (MEASURED_MS / 1000);
  }

  // Shows an answer, or none; resolves once its mask is drawn. show: {mask, response, boxes}.
  async showAnswer(answer, parts, show) {
    const number = ++this.#answers;
    const [mask, response] = await Promise.all([
      show.mask && parts.mask ? decoded(parts.mask, "image/png") : null,
      show.response && parts.response ? decoded(parts.response, "image/png") : null,
    ]);
    if (number === this.#answers) {
      if (mask) drawMask(this.#mask, mask, answer.status);
      else wipe(this.#mask);
      if (response) drawResponse(this.#response, response);
      else wipe(this.#response);
      this.#drawBoxes(show.boxes ? answer : null);
      if (answer) this.#stage.dataset.answers = Number(this.#stage.dataset.answers) + 1;
    }
    mask?.close();
    response?.close();
  }

  // Puts numbered marks on candidates: [{number, title, box, choose, near}]. Marks that are
  // there already move: one that was replaced between press and release could not be clicked.
  showMarks(candidates) {
    const [width, height] = this.#size;
    while (this.#marks.childElementCount > candidates.length) this.#marks.lastChild.remove();
    while (this.#marks.childElementCount < candidates.length) {
      const mark = document.createElement("button");
      mark.type = "button";
      mark.tabIndex = -1; // the list has the same ones for the keyboard
      mark.setAttribute("aria-hidden", "true");
      this.#marks.append(mark);
    }
    const marks = [...this.#marks.children];
    candidates.forEach(({ number, title, box: [x, y, across], choose, near }, index) => {
      const mark = marks[index];
      if (mark.textContent !== String(number)) mark.textContent = number;
      mark.title = title;
      // On the box's upper edge, so that it hides nothing of the object, but in the picture.
      mark.style.left = `clamp(18px, ${((x + across / 2) / (width || 1)) * 100}%, 100% - 18px)`;
      mark.style.top = `max(18px, ${(y / (height || 1)) * 100}%)`;
      mark.onclick = choose;
      mark.onmouseenter = () => near(true);
      mark.onmouseleave = () => near(false);
    });
    return marks;
  }

  #drawBoxes(answer) {
    const things = answer ? [...answer.things, ...answer.destinationThings] : [];
    const [width, height] = answer?.size[0] ? answer.size : this.#size;
    this.#boxes.setAttribute("viewBox", `0 0 ${width || 1} ${height || 1}`);
    this.#boxes.setAttribute("preserveAspectRatio", "none");
    const boxes = things.map((thing, index) => {
      const box = document.createElementNS("http://www.w3.org/2000/svg", "rect");
      const [x, y, across, down] = thing.box;
      for (const [name, value] of Object.entries({ x, y, width: across, height: down })) {
        box.setAttribute(name, value);
      }
      const destination = index >= answer.things.length;
      box.setAttribute("stroke", destination ? "#7cc4ff" : `rgb(${tintOf(answer.status)})`);
      if (destination) box.setAttribute("stroke-dasharray", "6 4");
      return box;
    });
    this.#boxes.replaceChildren(...boxes);
  }
}

async function decoded(data, type) {
  try {
    return await createImageBitmap(new Blob([data], { type }));
  } catch {
    return null; // damaged: the next one comes soon
  }
}
