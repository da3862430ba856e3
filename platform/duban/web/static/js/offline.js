// The page shown without a network opens the one that was wanted as soon as there is one.
export function start() {
  if (location.pathname !== "/offline") window.addEventListener("online", () => location.reload());
}
