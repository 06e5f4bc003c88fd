// Runs in every page before the page's own scripts and tells the tests what a reader would see.
window.probe = {
  shifts: [],

  // The pictures of an interactive figure that are on view: laid out, not transparent or hidden, and loaded.
  frames(figure) {
    return [...figure.querySelectorAll("img")].filter(
      (image) =>
        image.checkVisibility({ visibilityProperty: true, opacityProperty: true }) &&
        image.getBoundingClientRect().height > 0 &&
        image.complete &&
        image.naturalWidth > 0,
    );
  },

  // The one picture on view, or null when there is none or more than one.
  frame(figure) {
    const frames = probe.frames(figure);
    return frames.length === 1 ? { src: frames[0].src, alt: frames[0].alt } : null;
  },

  // Where a control stands and the last place it can go to.
  position(control) {
    if (control.matches("select")) return [control.selectedIndex, control.options.length - 1];
    return [Number(control.value), Number(control.max)];
  },

  // From now on, look at the figure before every repaint and note how many pictures it shows.
  watch(figure) {
    const seen = { samples: 0, other: [] };
    const look = () => {
      const count = probe.frames(figure).length;
      seen.samples += 1;
      if (count !== 1) seen.other.push(count);
      if (!seen.stop) requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
    probe.seen = seen;
  },

  async unwatch() {
    await probe.repaints(2);
    probe.seen.stop = true;
    return probe.seen;
  },

  pause(milliseconds) {
    return new Promise((resolve) => setTimeout(resolve, milliseconds));
  },

  async repaints(count) {
    for (let i = 0; i < count; i++) await new Promise(requestAnimationFrame);
  },

  // Scroll through the page as a reader does, so that all that waits for the reader starts.
  async scroll() {
    const page = document.documentElement;
    for (let y = 0; y < page.scrollHeight; y += innerHeight) {
      scrollTo({ top: y, behavior: "instant" });
      await probe.repaints(1);
    }
    scrollTo({ top: page.scrollHeight, behavior: "instant" });
    await Promise.all([...document.images].map((image) => image.decode().catch(() => {})));
  },

  // Elements of the text that stick out of the page and that the reader cannot scroll to within a box of their own.
  outside() {
    const width = document.documentElement.clientWidth;
    const scrolls = (element) => ["auto", "scroll"].includes(getComputedStyle(element).overflowX);
    const found = [];
    for (const element of document.querySelectorAll(".bd-article *:not(.katex-mathml, .katex-mathml *, svg *)")) {
      const { left, right, height } = element.getBoundingClientRect();
      if ((right <= width + 1 && left >= -1) || height === 0 || !element.checkVisibility()) continue;
      let box = element.parentElement;
      while (box && !scrolls(box)) box = box.parentElement;
      if (!box) found.push(`${element.tagName}.${element.className}: ${element.textContent.trim().slice(0, 60)}`);
    }
    return found;
  },

  // Leave of formulas and coloured code one element of each kind: axe looks at every element there is, and a page has
  // tens of thousands that differ in nothing it looks for.
  thin() {
    const formulas = [...document.querySelectorAll(".katex-html")];
    const widths = formulas.map((part) => part.getBoundingClientRect().width);
    formulas.forEach((part, i) => {
      part.textContent = "x";
      part.style = `display: inline-block; width: ${widths[i]}px`; // a box that scrolls must go on scrolling
    });
    for (const part of document.querySelectorAll(".katex-mathml math")) part.textContent = "x";
    const kinds = new Set();
    for (const token of document.querySelectorAll(".highlight span[class]")) {
      if (kinds.has(token.className)) token.replaceWith(...token.childNodes);
      kinds.add(token.className);
    }
    document.body.normalize();
  },

  // The text of the page without code and formulas.
  text() {
    const copy = document.body.cloneNode(true);
    for (const element of copy.querySelectorAll("pre, code, script, style, noscript, .katex")) element.remove();
    return copy.textContent;
  },
};

new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) {
    if (entry.hadRecentInput) continue;
    const name = (node) => node && `${node.nodeName}.${node.className} in ${node.parentElement?.className}`;
    const moved = entry.sources.map(({ node }) => name(node));
    probe.shifts.push({ value: entry.value, time: Math.round(entry.startTime), moved });
  }
}).observe({ type: "layout-shift", buffered: true });
