// Fetches a small file ?requests=N times, whatever becomes of the server meanwhile. What the browser could not send is tried once more:
// a request that it has given to a connection, but not sent, is lost with it when the GOAWAY comes in that very moment.
window.addEventListener("load", () => report(async () => {
  const all = Number(parameters.get("requests"));
  const seen = { ok: 0, again: [], failed: [] };
  let next = 0;
  const ask = async (number) => {
    const answer = await fetch(`/small.txt?n=${number}`, { cache: "no-store" });
    return { status: answer.status, text: await answer.text() };
  };
  async function worker() {
    while (next < all) {
      const number = next++;
      try {
        const { status, text } = await ask(number).catch(() => {
          seen.again.push(number);
          return ask(number);
        });
        if (status === 200 && text === "small\n") ++seen.ok;
        else seen.failed.push(`${number}: ${status}`);
      } catch (error) {
        seen.failed.push(`${number}: ${error}`);
      }
    }
  }
  await Promise.all(Array.from({ length: 20 }, worker));
  return seen;
}));
