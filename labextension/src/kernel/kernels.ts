/** Links to all kernels that may hold results, and lookup of results by id. No DOM. */

import type { ISessionContext } from '@jupyterlab/apputils';
import type { Kernel, ServiceManager } from '@jupyterlab/services';
import { UUID } from '@lumino/coreutils';
import { Signal } from '@lumino/signaling';

import type { ResultModel } from '../model/result';
import { TARGET } from '../protocol/types';
import { KernelLink } from './kernel-link';

export type Services = Pick<ServiceManager.IManager, 'kernels' | 'kernelspecs' | 'sessions'>;

/** A result, and the id of the kernel that holds it. */
export interface ResultEntry {
  model: ResultModel;
  kernel: string;
}

/** Milliseconds for a notebook to connect its kernel, before we open a connection of our own. */
const DEBOUNCE = 1_000;
/** Milliseconds for a kernel that has just started to load ipar_results, before our own connection is closed. */
const LOADING_TIME = 10_000;
/** Milliseconds before a kernel without ipar_results is queried again, and only after it was active. */
const RETRY_DELAY = 60_000;

export class Kernels {
  /** Emitted when results were added or removed. */
  readonly changed = new Signal<this, void>(this);
  /** Emitted when anything about any result changed. */
  readonly updated = new Signal<this, void>(this);

  constructor(private readonly services: Services, rate = 5) {
    this.#rate = rate;
    services.kernels.runningChanged.connect(this.#onRunningChanged, this);
    // A renamed notebook changes `pathOf`, though nothing about its kernel has changed.
    services.sessions.runningChanged.connect(() => this.updated.emit());
  }

  /** The live model of a result; undefined where no linked kernel has it. */
  find(id: string): ResultModel | undefined {
    return [...this.#links.values()].map(link => link.results.models.get(id)).find(Boolean);
  }

  /** All results of all kernels, the newest first. */
  all(): ResultEntry[] {
    return [...this.#links]
      .flatMap(([kernel, link]) => [...link.results.models.values()].map(model => ({ model, kernel })))
      .sort((a, b) => b.model.head.base - a.model.head.base);
  }

  /** The path of the notebook or console of a kernel; empty where it has none. */
  pathOf(kernel: string): string {
    const session = [...this.services.sessions.running()].find(({ kernel: model }) => model?.id === kernel);
    return session ? session.path || session.name : '';
  }

  set rate(rate: number) {
    this.#rate = rate;
    for (const link of this.#links.values()) link.rate = rate;
  }

  /** Link also the running kernels that no notebook or console of this page uses. */
  set linkAll(linkAll: boolean) {
    if (linkAll === this.#linkAll) return;
    this.#linkAll = linkAll;
    this.#scheduleUpdate();
  }

  /** Link the kernel of a notebook or console, through changes of kernel, until it is closed. */
  follow(context: ISessionContext): void {
    this.#contexts.add(context);
    context.kernelChanged.connect(this.#updateLinks, this);
    context.disposed.connect(() => {
      this.#contexts.delete(context);
      this.#scheduleUpdate();
    });
    this.#updateLinks();
  }

  #onRunningChanged(): void {
    const running = this.#running();
    for (const [id, absence] of this.#absentKernels) {
      const model = running.get(id);
      if (!model) this.#absentKernels.delete(id);
      // A query is an activity too, so that of the first minute does not count.
      else if (Date.now() < absence.until) absence.activity = model.last_activity;
      else if (model.last_activity !== absence.activity) this.#absentKernels.delete(id);
    }
    this.#scheduleUpdate();
  }

  #scheduleUpdate(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#updateLinks();
      if (this.#linkAll) this.#linkUnopened();
    }, DEBOUNCE);
  }

  /** Make one link for each kernel in use, over the connection of its notebook or console. */
  #updateLinks(): void {
    const inUse = new Map<string, Kernel.IKernelConnection>();
    for (const context of this.#contexts) {
      const kernel = context.session?.kernel;
      if (!kernel || kernel.isDisposed || !this.#isPython(kernel.name)) continue;
      // JupyterLab closes a comm without a registered target, and so the comm of every other page.
      // The link reads the comm's messages among the kernel's iopub messages.
      kernel.registerCommTarget(TARGET, () => undefined);
      if (!inUse.has(kernel.id)) inUse.set(kernel.id, kernel);
    }
    const running = this.#running();
    for (const [id, kernel] of inUse) {
      this.#link(kernel).connect(kernel);
      this.#ownConnections.get(id)?.dispose();
      this.#ownConnections.delete(id);
    }
    for (const id of [...this.#links.keys()]) {
      if (inUse.has(id)) continue;
      const model = running.get(id);
      if (model && this.#linkAll) this.#linkOverOwnConnection(model);
      else this.#unlink(id);
    }
  }

  #linkUnopened(): void {
    for (const [id, model] of this.#running()) {
      if (this.#links.has(id) || this.#absentKernels.has(id) || !this.#isPython(model.name)) continue;
      this.#linkOverOwnConnection(model);
    }
  }

  #linkOverOwnConnection(model: Kernel.IModel): void {
    if (this.#ownConnections.has(model.id)) return;
    const connection = this.#openConnection(model);
    this.#ownConnections.set(model.id, connection);
    this.#link(model).connect(connection);
  }

  /** Open a connection that leaves comms to the notebook, which may be opened later. */
  #openConnection(model: Kernel.IModel): Kernel.IKernelConnection {
    return this.services.kernels.connectTo({ model, handleComms: false });
  }

  #link({ id, name }: Kernel.IModel): KernelLink {
    let link = this.#links.get(id);
    if (!link) {
      // Not looked up among the running kernels: a gateway may not list them.
      const openSecond = (): Kernel.IKernelConnection => this.#openConnection({ id, name });
      link = new KernelLink({ client: this.#client, rate: this.#rate, openSecond });
      link.updated.connect(() => this.updated.emit());
      link.resultsChanged.connect(() => this.changed.emit());
      link.absent.connect(link => setTimeout(() => this.#dropAbsent(id, link), LOADING_TIME));
      this.#links.set(id, link);
    }
    return link;
  }

  /** Close our own connection to a kernel without ipar_results: it would only keep that from being culled. */
  #dropAbsent(id: string, link: KernelLink): void {
    if (link.isLoaded || link !== this.#links.get(id) || !this.#ownConnections.has(id)) return;
    this.#absentKernels.set(id, { until: Date.now() + RETRY_DELAY, activity: undefined });
    this.#unlink(id);
  }

  #unlink(id: string): void {
    this.#links.get(id)?.dispose();
    this.#links.delete(id);
    this.#ownConnections.get(id)?.dispose();
    this.#ownConnections.delete(id);
    this.changed.emit();
    this.updated.emit();
  }

  #running(): Map<string, Kernel.IModel> {
    return new Map([...this.services.kernels.running()].map(model => [model.id, model]));
  }

  /** Kernels of other languages cannot have ipar_results, and are not queried. */
  #isPython(name: string): boolean {
    const language = this.services.kernelspecs.specs?.kernelspecs[name]?.language;
    return language === undefined || language.toLowerCase() === 'python';
  }

  readonly #client = UUID.uuid4();
  readonly #contexts = new Set<ISessionContext>();
  readonly #links = new Map<string, KernelLink>();
  /** Connections that we opened, not a notebook. */
  readonly #ownConnections = new Map<string, Kernel.IKernelConnection>();
  /** Kernels that had not loaded ipar_results when they were queried, with their last activity. */
  readonly #absentKernels = new Map<string, { until: number; activity: string | undefined }>();
  #rate: number;
  #linkAll = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
}
