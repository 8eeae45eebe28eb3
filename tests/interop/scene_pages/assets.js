// Loaded by the page with three hundred assets, last.
window.addEventListener("load", () => report(async () => ({
  page: entries("navigation"), resources: entries("resource"), scripts: window.loaded || 0, styles: document.styleSheets.length,
  images: [...document.images].filter((image) => image.naturalWidth > 0).length,
})));
