// Plays the scenes that ?play=a,b,c names, one after the other, and posts what came of each.
const sleep = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));
const state = async () => (await fetch("/state", { cache: "no-store" })).json();

// The same bytes as `pattern` in scenes.py.
function pattern(number, size) {
  const block = new Uint8Array(size);
  new DataView(block.buffer).setUint32(0, number, true);
  return block;
}

function blocks(count, size, pause) {
  let number = 0;
  return new ReadableStream({
    async pull(controller) {
      if (number === count) return controller.close();
      if (pause > 0 && number > 0) await sleep(pause);
      controller.enqueue(pattern(number++, size));
    },
  }, { highWaterMark: 2 });
}

async function upload(count, size, pause) {
  const answer = await fetch("/upload", { method: "POST", body: blocks(count, size, pause), duplex: "half" });
  return { status: answer.status, ...(await answer.json()) };
}

const scenes = {
  upload: () => upload(Number(parameters.get("blocks")), 1 << 20, 0),

  slow_upload: () => upload(20, 1000, 30),

  events: () => new Promise((done, failed) => {
    const source = new EventSource("/events?count=20&pause=50");
    const seen = [];
    source.onmessage = (event) => {
      seen.push({ id: event.lastEventId, data: event.data, at: performance.now() });
      if (seen.length < 20) return;
      source.close();
      done(seen);
    };
    source.onerror = () => failed(new Error(`the stream of events broke off after ${seen.length}`));
  }),

  async many() {
    const all = Number(parameters.get("requests"));
    const count = { ok: 0, bytes: 0 };
    let next = 0;
    async function worker() {
      while (next < all) {
        const answer = await fetch(`/dribble?size=100&piece=100&n=${next++}`, { cache: "no-store" });
        const body = await answer.arrayBuffer();
        count.ok += answer.status === 200 ? 1 : 0;
        count.bytes += body.byteLength;
      }
    }
    await Promise.all(Array.from({ length: 50 }, worker));
    return count;
  },

  async slow_reader() {
    const stop = new AbortController();
    const answer = await fetch("/endless", { signal: stop.signal });
    const reader = answer.body.getReader();
    let length = 0;
    for (const end = performance.now() + 3000; performance.now() < end; await sleep(100)) length += (await reader.read()).value.length;
    stop.abort();
    return { length };
  },

  async slow_writer() {
    const answer = await fetch("/dribble?size=2000&piece=100&pause=20", { cache: "no-store" });
    return { status: answer.status, text: await answer.text() };
  },

  async cancelled() {
    const before = await state();
    const stop = new AbortController();
    const answer = await fetch("/endless", { signal: stop.signal });
    const reader = answer.body.getReader();
    let length = 0;
    while (length < 3_000_000) length += (await reader.read()).value.length;
    stop.abort();
    const rejected = await reader.read().then(() => false, () => true);
    let after = await state();
    for (let tries = 0; tries < 100 && after.endless_running > 0; ++tries) {
      await sleep(20);
      after = await state();
    }
    return { before, after, rejected };
  },
};

window.addEventListener("load", () => report(async () => {
  const played = { page: entries("navigation") };
  for (const name of parameters.get("play").split(",")) played[name] = await scenes[name]();
  return played;
}));
