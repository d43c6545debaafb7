/** Classes of a browser that jsdom lacks: those that Lumino's widgets need, and observers of which all is in view. */

class InView {
  readonly #callback: (entries: { isIntersecting: boolean }[]) => void;

  constructor(callback: (entries: { isIntersecting: boolean }[]) => void) {
    this.#callback = callback;
  }

  observe(): void {
    this.#callback([{ isIntersecting: true }]);
  }

  disconnect(): void {
    // Nothing is observed.
  }
}

Object.assign(globalThis, {
  DragEvent: class extends MouseEvent {},
  IntersectionObserver: InView,
  ResizeObserver: InView
});
