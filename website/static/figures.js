// Interactive figures: the controls choose one of the frames that the book was built with.
(() => {
  const source = document.currentScript.dataset.frames;
  let loading = null;

  // All frames of the page come in one file, once the reader comes near a figure or touches a control.
  function loadFrames() {
    loading ??= new Promise((resolve, reject) => {
      const script = document.createElement("script");
      script.src = source;
      script.onload = () => resolve(window.exploreFrames);
      script.onerror = () => reject(new Error(`could not load ${source}`));
      document.head.append(script);
    });
    return loading;
  }

  const isMenu = (control) => control.matches("select");
  const count = (control) => (isMenu(control) ? control.options.length : Number(control.max) + 1);
  const position = (control) => (isMenu(control) ? control.selectedIndex : Number(control.value));

  function say(control) {
    if (isMenu(control)) return;
    const text = JSON.parse(control.dataset.labels)[position(control)];
    control.setAttribute("aria-valuetext", text);
    control.nextElementSibling.textContent = text;
  }

  function setUp(figure) {
    const controls = [...figure.querySelectorAll("input, select")];
    const status = figure.querySelector("[role=status]");
    let picture = figure.querySelector("img");
    let latest = 0;
    let ahead = [];

    const place = () => controls.reduce((sum, control) => sum * count(control) + position(control), 0);

    // The frames one step away are decoded ahead, so that the next step finds its picture ready.
    function prepare(frames) {
      let stride = 1;
      ahead = [];
      for (const control of [...controls].reverse()) {
        for (const step of [-1, 1]) {
          const there = position(control) + step;
          if (there < 0 || there >= count(control)) continue;
          const image = new Image();
          [image.src] = frames[place() + step * stride];
          image.decode().catch(() => {}); // a step that comes meanwhile decodes for itself
          ahead.push(image);
        }
        stride *= count(control);
      }
    }

    async function update() {
      const turn = ++latest;
      controls.forEach(say);
      const frames = (await loadFrames())[figure.id];
      const index = place();
      const next = picture.cloneNode();
      [next.src, next.alt] = frames[index];
      // Only a decoded picture takes the place of the old one, so that there is never a blank between them.
      await next.decode();
      if (turn !== latest) return;
      picture.replaceWith(next);
      picture = next;
      status.textContent = next.alt;
      prepare(frames);
    }

    controls.forEach((control) => control.addEventListener("input", update));
    figure.addEventListener("focusin", async () => prepare((await loadFrames())[figure.id]), { once: true });
    figure.querySelectorAll(".play").forEach((button) => setUpPlay(button, update));
  }

  function setUpPlay(button, update) {
    const slider = button.parentElement.querySelector("input");
    const name = button.getAttribute("aria-label");
    let timer = null;

    function show(playing) {
      button.setAttribute("aria-label", playing ? name.replace("Play", "Pause") : name);
      button.firstElementChild.className = `fa-solid ${playing ? "fa-pause" : "fa-play"}`;
    }

    function stop() {
      clearInterval(timer);
      timer = null;
      show(false);
    }

    function step() {
      slider.stepUp();
      update();
      if (slider.value === slider.max) stop();
    }

    button.addEventListener("click", () => {
      if (timer !== null) return stop();
      show(true);
      if (slider.value === slider.max) {
        slider.value = 0;
        update();
      }
      timer = setInterval(step, Number(button.dataset.interval));
    });
  }

  const figures = document.querySelectorAll(".explore");
  figures.forEach(setUp);
  const near = new IntersectionObserver(
    async (entries) => {
      if (!entries.some((entry) => entry.isIntersecting)) return;
      near.disconnect();
      await loadFrames();
      figures.forEach((figure) => figure.classList.add("live"));
    },
    { rootMargin: "600px" },
  );
  figures.forEach((figure) => near.observe(figure));
})();
