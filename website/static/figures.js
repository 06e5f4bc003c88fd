// Interactive figures: a page shows each as a still picture and loads what moves it when the reader comes near.
(() => {
  const { frames, widgets } = document.currentScript.dataset;

  function load(source) {
    return new Promise((resolve, reject) => {
      const script = document.createElement("script");
      script.src = source;
      script.onload = resolve;
      script.onerror = () => reject(new Error(`could not load ${source}`));
      document.head.append(script);
    });
  }

  async function start() {
    await load(frames);
    const state = document.createElement("script");
    state.type = "application/vnd.jupyter.widget-state+json";
    state.textContent = window.widgetState;
    delete window.widgetState;
    document.head.append(state);
    await load(widgets);
    // The widgets wait for the page to load, which may be over when they come this late.
    if (performance.getEntriesByType("navigation")[0].loadEventStart > 0) window.dispatchEvent(new Event("load"));
  }

  // The widgets give their sliders and play buttons no name that a screen reader could say.
  function nameControls(figure) {
    for (const slider of figure.querySelectorAll(".widget-slider")) {
      const handle = slider.querySelector(".noUi-handle");
      const readout = slider.querySelector(".widget-readout");
      if (!handle) continue;
      handle.setAttribute("aria-label", slider.querySelector(".widget-label")?.textContent.trim() || "value");
      const say = () => handle.setAttribute("aria-valuetext", readout.textContent.trim());
      say();
      new MutationObserver(say).observe(readout, { childList: true, characterData: true, subtree: true });
    }
    for (const button of figure.querySelectorAll(".widget-play button")) {
      button.setAttribute("aria-label", button.title || button.className.match(/fa-([a-z-]+)/)?.[1] || "play");
    }
  }

  function follow(figure) {
    const observer = new MutationObserver(async () => {
      const frame = figure.querySelector(".widget-html-content img");
      const controls = figure.querySelector(".widget-slider .noUi-handle, select");
      if (!frame || !controls) return;
      observer.disconnect();
      nameControls(figure);
      await frame.decode();
      figure.classList.add("live");
    });
    observer.observe(figure, { childList: true, subtree: true });
  }

  function watch() {
    const figures = document.querySelectorAll(".explore");
    figures.forEach(follow);
    const near = new IntersectionObserver(
      (entries) => {
        if (!entries.some((entry) => entry.isIntersecting)) return;
        near.disconnect();
        start();
      },
      { rootMargin: "600px" },
    );
    figures.forEach((figure) => near.observe(figure));
  }

  watch();
})();
