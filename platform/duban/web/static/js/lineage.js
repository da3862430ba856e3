// What a form has tried to save, on the version it knows, and has had no answer to: the answer was lost on the way, or the browser
// saved it while its page was closed. Where the server holds one of these, what stands in the form has grown out of it and may be
// saved over it; nobody else's words are among them.
const MOST = 40;
const ROOM = 300000;

// Answers as the server keeps them: of a name given twice the first, nothing for an empty box.
function plain(entries) {
  const found = new Map();
  for (const [name, value] of entries) {
    if (typeof value !== "string" || !/^(answer|explain)\.|^note$/.test(name) || found.has(name)) continue;
    found.set(name, value.replace(/\r\n/g, "\n"));
  }
  return JSON.stringify([...found].filter(([, value]) => value).sort(([one], [other]) => (one < other ? -1 : 1)));
}

export class Lineage {
  constructor() {
    this.tried = [];
  }

  add(entries) {
    this.take([plain(entries)]);
  }

  // Those of an earlier visit to this page.
  take(tried = []) {
    this.tried = [...new Set([...this.tried, ...tried])].slice(-MOST);
    while (this.tried.length > 1 && this.tried.reduce((sum, text) => sum + text.length, 0) > ROOM) this.tried.shift();
  }

  has(typed) {
    return this.tried.includes(plain(Object.entries(typed)));
  }

  // The server has answered: what it holds is known.
  clear() {
    this.tried = [];
  }
}
