// Signing in while many others do: the server asks to come back in some seconds (503, Retry-After), and the page does so by itself.
// What was typed stays in its fields; nothing is kept anywhere else. Without this script the same form is sent by the browser.
const form = document.querySelector("form[data-queue]");
const TRIES = 20;

// Not all at the same moment again: somewhere between the time asked for and half as long once more.
const later = (seconds) => new Promise((done) => setTimeout(done, seconds * 1000 * (1 + Math.random() / 2)));

function waitingSince(is) {
  form.querySelector("[data-queue-said]").hidden = !is;
  form.setAttribute("aria-busy", is);
}

function refuse(words) {
  document.querySelector(".errors")?.remove();
  const box = document.querySelector("template[data-refusal]").content.firstElementChild.cloneNode(true);
  box.querySelector("a").textContent = words;
  form.before(box);
  form.querySelector("[type=password]").value = "";
  box.focus();
}

async function send() {
  for (let turn = 1; ; turn += 1) {
    const answer = await fetch(form.action, {
      method: "POST",
      body: new URLSearchParams(new FormData(form)),
      headers: { Accept: "application/json" },
      redirect: "manual",
    });
    if (answer.type === "opaqueredirect") return location.assign(form.elements.next?.value || "/");
    const { title, code } = await answer.json();
    if (answer.status !== 503 || !answer.headers.has("Retry-After") || turn === TRIES) return { title, code };
    waitingSince(true);
    await later(Number(answer.headers.get("Retry-After")));
  }
}

form?.addEventListener("submit", async (event) => {
  event.preventDefault();
  const button = form.querySelector("button");
  button.disabled = true;
  try {
    const refused = await send();
    if (!refused) return;
    if (refused.code.startsWith("http-")) return form.submit(); // nothing to do with the password: the page itself says what
    refuse(refused.title);
  } catch {
    return form.submit();
  } finally {
    waitingSince(false);
    button.disabled = false;
  }
});
