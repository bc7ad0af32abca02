// Which npm packages are in the bundle: what is distributed with bosgraph, so that
// their licenses have to be, too.

import { existsSync, readFileSync } from 'node:fs'
import { dirname, relative } from 'node:path'
import type { Plugin } from 'vite'

/** One package, as dist/packages.json has it. */
interface Bundled {
  name: string
  version: string
  /** What its package.json says of its license. */
  license: string
  /** Where it was taken from, relative to this folder. */
  path: string
}

/** The folder of the package that a module is of, if it is one of npm's. */
function folderOf(module: string): string | undefined {
  // Some modules are named by a prefix or have a query behind their file.
  const file = module.replace(/^\0/, '').replace(/[?#].*$/, '')
  if (!file.includes('/node_modules/')) return undefined
  // The first package.json on the way up that has a version: others only say what
  // kind of modules a folder holds.
  for (let folder = dirname(file); !folder.endsWith('/node_modules'); folder = dirname(folder)) {
    const manifest = `${folder}/package.json`
    if (existsSync(manifest) && JSON.parse(readFileSync(manifest, 'utf8')).version) return folder
  }
  return undefined
}

/**
 * Writes dist/packages.json. Workers are bundled by builds of their own, which are over
 * before the pages are written: their plugins are to be these as well.
 */
export function packages(): { pages: () => Plugin; workers: () => Plugin } {
  const folders = new Set<string>()
  const collect: Plugin['generateBundle'] = (_, bundle) => {
    for (const part of Object.values(bundle)) {
      if (part.type !== 'chunk') continue
      for (const module of part.moduleIds) {
        const folder = folderOf(module)
        if (folder) folders.add(folder)
      }
    }
  }
  return {
    workers: () => ({ name: 'packages-of-workers', generateBundle: collect }),
    pages: () => ({
      name: 'packages-of-pages',
      generateBundle(options, bundle, isWrite) {
        collect.call(this, options, bundle, isWrite)
        const all = [...folders].map((folder): Bundled => {
          const { name, version, license } = JSON.parse(readFileSync(`${folder}/package.json`, 'utf8'))
          return { name, version, license, path: relative(import.meta.dirname, folder) }
        })
        all.sort((a, b) => (a.path < b.path ? -1 : 1))
        this.emitFile({ type: 'asset', fileName: 'packages.json', source: JSON.stringify(all, null, 1) + '\n' })
      },
    }),
  }
}
