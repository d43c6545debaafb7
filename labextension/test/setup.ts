/** Classes of a browser that Lumino's widgets need and jsdom lacks. */

Object.assign(globalThis, { DragEvent: class extends MouseEvent {} });
