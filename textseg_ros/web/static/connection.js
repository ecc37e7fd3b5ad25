// The WebSocket: opens itself again, unpacks messages, sends JSON.

const FIRST_WAIT_MS = 300;
const LONGEST_WAIT_MS = 4000;

export class Connection {
  #socket = null;
  #wait = FIRST_WAIT_MS;
  #onMessage;
  #onOpen;
  #onLost;

  // onMessage(head, parts): parts are Uint8Arrays by name, none for text messages.
  constructor(onMessage, onOpen, onLost) {
    this.#onMessage = onMessage;
    this.#onOpen = onOpen;
    this.#onLost = onLost;
    this.#open();
  }

  get isOpen() {
    return this.#socket?.readyState === WebSocket.OPEN;
  }

  // Returns whether it could be sent.
  send(message) {
    if (this.isOpen) this.#socket.send(JSON.stringify(message));
    return this.isOpen;
  }

  #open() {
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    const socket = new WebSocket(`${scheme}://${location.host}/ws`);
    this.#socket = socket;
    socket.binaryType = "arraybuffer";
    socket.onopen = () => {
      this.#wait = FIRST_WAIT_MS;
      this.#onOpen();
    };
    socket.onmessage = ({ data }) => {
      if (typeof data === "string") this.#onMessage(JSON.parse(data), {});
      else this.#onMessage(...unpack(data));
    };
    socket.onclose = () => {
      this.#onLost();
      setTimeout(() => this.#open(), this.#wait);
      this.#wait = Math.min(LONGEST_WAIT_MS, this.#wait * 1.7);
    };
  }
}

// A length of four bytes, JSON of that length, then the parts that it names.
function unpack(buffer) {
  const length = new DataView(buffer).getUint32(0, true);
  const head = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, length)));
  const parts = {};
  let at = 4 + length;
  for (const [name, size] of Object.entries(head.parts)) {
    parts[name] = new Uint8Array(buffer, at, size);
    at += size;
  }
  return [head, parts];
}
