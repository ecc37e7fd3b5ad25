// Light or dark: as the system says, until somebody chooses.

const KEY = "textseg-theme";

export function offerTheme(button) {
  const root = document.documentElement;
  const set = (theme) => theme && (root.dataset.theme = theme);
  try {
    set(localStorage.getItem(KEY));
  } catch {
    // Without storage the choice lasts as long as the page.
  }
  button.addEventListener("click", () => {
    const system = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
    const theme = (root.dataset.theme ?? system) === "dark" ? "light" : "dark";
    set(theme);
    try {
      localStorage.setItem(KEY, theme);
    } catch {
      // As above.
    }
  });
}
