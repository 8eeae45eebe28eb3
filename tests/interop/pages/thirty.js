// Loaded by the page with thirty assets, last.
window.addEventListener("load", () => report(async () => {
  // What the page itself loaded, before we fetch more.
  const page = entries("navigation");
  const resources = entries("resource");
  const hashes = {};
  for (const { url } of resources) hashes[new URL(url).pathname] = await hashed(url);
  return { page, resources, hashes, scripts: window.loaded || 0, styles: document.styleSheets.length,
           images: [...document.images].filter((image) => image.naturalWidth > 0).length };
}));
