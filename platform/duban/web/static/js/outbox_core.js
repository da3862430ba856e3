// The outbox: what was sent from this device and has not arrived yet, files included. Kept in IndexedDB, in the order it was sent;
// used by pages (outbox.js) and by the service worker (sw.js), which is why it is no module. Each item bears a number of its own
// ("once"), so sending it again after an answer that was lost does nothing twice.
(function (scope) {
  const NAME = "duban-outbox";
  const ITEMS = "items";
  const DOORS = ["/sign-in", "/account/"];

  function opened() {
    return new Promise((resolve, reject) => {
      const request = indexedDB.open(NAME, 1);
      request.onupgradeneeded = () => request.result.createObjectStore(ITEMS, { keyPath: "id", autoIncrement: true });
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    });
  }

  async function inStore(mode, act) {
    const database = await opened();
    try {
      return await new Promise((resolve, reject) => {
        const change = database.transaction(ITEMS, mode);
        const request = act(change.objectStore(ITEMS));
        change.oncomplete = () => resolve(request.result);
        change.onerror = change.onabort = () => reject(change.error);
      });
    } finally {
      database.close();
    }
  }

  const put = (item) => inStore("readwrite", (items) => items.put(item));
  const remove = (id) => inStore("readwrite", (items) => items.delete(id));
  const all = async (person) => (await inStore("readonly", (items) => items.getAll())).filter((item) => item.person === person);
  const everybodys = () => inStore("readonly", (items) => items.getAll());

  // A number that is nobody's but this item's. crypto.randomUUID is missing where the page came without TLS.
  function number() {
    return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  }

  function packed(form, submitter) {
    const entries = [];
    for (const [name, value] of new FormData(form, submitter)) {
      if (name === "csrf_token" || name === "once") continue;
      if (value instanceof File) {
        if (value.size || value.name) entries.push([name, value, value.name]);
      } else entries.push([name, value]);
    }
    return entries;
  }

  // Gives {kind}: "arrived" with the page it led to, "refused" with the page that says why, "door" where one must sign in first,
  // "lost" where nobody can say whether it arrived: it is sent again.
  async function send(item, token) {
    const body = new FormData();
    for (const [name, value, filename] of item.entries) filename === undefined ? body.append(name, value) : body.append(name, value, filename);
    body.append("once", item.once);
    const headers = { "X-CSRFToken": token, Accept: item.accept ?? "text/html" };
    if (item.typed && item.version !== undefined) headers["If-Match"] = `"${item.version}"`;
    if (item.asked) headers["X-Requested-With"] = item.asked;
    let answer, text;
    try {
      answer = await fetch(item.action, { method: "POST", body, headers, credentials: "same-origin" });
      text = await answer.text();
    } catch {
      return { kind: "lost" };
    }
    const path = new URL(answer.url).pathname;
    if (answer.status >= 500 || answer.status === 429 || answer.status === 408) return { kind: "lost", status: answer.status };
    if (answer.status === 401 || (answer.redirected && DOORS.some((door) => path.startsWith(door)))) return { kind: "door", url: answer.url };
    if (answer.ok || (item.typed && answer.status === 412 && (await stands(item)))) return { kind: "arrived", url: answer.url, text };
    return { kind: "refused", status: answer.status, url: answer.url, text };
  }

  // Typed on an older draft, yet the newest one says the same: it had arrived, its answer was lost.
  async function stands(item) {
    try {
      const { typed } = await (await fetch(item.newest, { headers: { Accept: "application/json" }, credentials: "same-origin" })).json();
      const plain = (text) => (text ?? "").replace(/\r\n/g, "\n");
      const mine = new Map(item.entries.filter(([name]) => name !== "version"));
      return [...new Set([...mine.keys(), ...Object.keys(typed)])].every((name) => plain(mine.get(name)) === plain(typed[name]));
    } catch {
      return false;
    }
  }

  // What was handed in holds all that was typed: the same answers, put here once more by the page when it was opened again.
  function says(sent, typed) {
    const there = new Set(sent.entries.map((entry) => JSON.stringify(entry.slice(0, 2))));
    return typed.entries.every((entry) => typeof entry[1] !== "string" || there.has(JSON.stringify(entry.slice(0, 2))));
  }

  // A form that is looked at saves itself. Gives: what says that it is looked at no longer.
  function seen(page) {
    let letGo;
    const held = new Promise((resolve) => (letGo = resolve));
    scope.navigator.locks.request(`${NAME} ${page}`, { mode: "shared" }, () => held).catch(() => {});
    return letGo;
  }

  // Where nobody can say what is looked at, a form tries again by itself within the minute.
  async function savesItself(item) {
    if (!item.typed) return false;
    if (!scope.navigator?.locks) return Date.now() - item.at < 60000;
    const { held } = await scope.navigator.locks.query();
    return held.some((lock) => lock.name === `${NAME} ${item.page}`);
  }

  // Sends what waits, in order; what is refused holds back whatever else its page was to send, and stays for its person to see.
  // Gives: what has arrived, what was refused (numbers), whether something is to be tried again.
  async function sendEach(items, tokenFor) {
    const arrived = [], refused = new Set(), held = new Set();
    const wentWith = (item) => arrived.some((sent) => sent.hands && sent.page === item.page && says(sent, item));
    let again = false;
    for (const item of items) {
      if (item.refused || held.has(item.page)) {
        if (item.refused) refused.add(item.id);
        continue;
      }
      if (item.typed && wentWith(item)) {
        await remove(item.id);
        continue;
      }
      if (await savesItself(item)) {
        again = true;
        continue;
      }
      const token = await tokenFor(item);
      if (!token) continue;
      const result = await send(item, token);
      if (result.kind === "arrived") {
        await remove(item.id);
        arrived.push(item);
      } else if (result.kind === "refused") {
        held.add(item.page);
        refused.add(item.id);
        if (item.typed) await put({ ...item, refused: result.status });
      } else {
        again = true;
        if (result.kind === "door") break;
        held.add(item.page);
      }
    }
    return { arrived, refused, again };
  }

  // One sender at a time on this device, where the browser can say so; elsewhere the server's number keeps it from happening twice.
  function alone(act) {
    return scope.navigator?.locks ? scope.navigator.locks.request(NAME, act) : act();
  }

  scope.dubanOutbox = { put, remove, all, everybodys, number, packed, send, sendEach, seen, alone };
})(self);
