// Speaking a command, where the browser can hear; the button stays hidden elsewhere.

const Recognition = window.SpeechRecognition ?? window.webkitSpeechRecognition;
const FAULTS = {
  "not-allowed": "the browser may not use the microphone; allow it beside the address",
  "service-not-allowed": "this browser does not offer speech recognition here",
  "audio-capture": "no microphone was found",
  network: "the browser's speech service cannot be reached",
};

// heard(text, isFinal); failed(text).
export function offerSpeech(button, heard, failed) {
  // Browsers hear only on pages of this machine or over https.
  if (!Recognition || !window.isSecureContext) return;
  let running = null;
  button.hidden = false;
  button.addEventListener("click", () => {
    if (running) {
      running.stop();
      return;
    }
    const recognition = new Recognition();
    recognition.lang = "en-US"; // the network's language
    recognition.interimResults = true;
    recognition.onresult = ({ results }) => {
      const words = Array.from(results, (result) => result[0].transcript).join(" ").trim();
      heard(words, results[results.length - 1].isFinal);
    };
    recognition.onerror = ({ error }) => {
      if (error !== "aborted" && error !== "no-speech") failed(FAULTS[error] ?? error);
    };
    recognition.onend = () => {
      running = null;
      button.setAttribute("aria-pressed", "false");
    };
    running = recognition;
    button.setAttribute("aria-pressed", "true");
    recognition.start();
  });
}
