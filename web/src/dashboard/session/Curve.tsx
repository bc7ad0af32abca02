import { type PointerEvent, useCallback, useState } from 'react'
import { areas, doneLine, places, pointAt, type Point, tickLabel, ticks } from '../model/curve.ts'
import { duration, percent, whole } from '../model/format.ts'
import { KIND_LABELS, KINDS, countOf } from '../model/shares.ts'

const LEVELS = [0, 25, 50, 75, 100]

/**
 * The progress as stacked areas. `ran`: seconds that are known; `expected`: how long it
 * will take, if that is known.
 */
export function Curve({ points, before, ran, expected }: { points: readonly Point[]; before: readonly Point[]; ran: number; expected: number | null }) {
  const [pointed, setPointed] = useState<number | null>(null)
  const [em, setEm] = useState<{ x: number; y: number } | null>(null)
  const measure = useCallback((svg: SVGSVGElement) => {
    const observer = new ResizeObserver(() => {
      const size = Number.parseFloat(getComputedStyle(svg).fontSize)
      setEm({ x: size / svg.clientWidth, y: size / svg.clientHeight })
    })
    observer.observe(svg)
    return () => observer.disconnect()
  }, [])
  const end = Math.max(ran * 1.02, expected ?? 0, Math.min(before.at(-1)?.at ?? 0, ran * 4), 10)
  const shown = pointed === null ? null : pointAt(points, pointed * end)
  const earlier = pointed === null ? null : pointAt(before, pointed * end)
  const latest = points.at(-1)!.counts
  const point = (event: PointerEvent<SVGSVGElement>) => {
    const box = event.currentTarget.getBoundingClientRect()
    setPointed(Math.min(1, Math.max(0, (event.clientX - box.left) / box.width)))
  }
  return (
    <figure className="curve">
      <div className="curve-levels" aria-hidden="true">{LEVELS.map((level) => <span key={level} style={{ bottom: `${level}%` }}>{level} %</span>)}</div>
      <div className="curve-plot">
        <svg ref={measure} viewBox="0 0 1 1" preserveAspectRatio="none" role="img" onPointerMove={point} onPointerLeave={() => setPointed(null)}
          aria-label={`After ${duration(ran)} ${whole(latest.successful)} of ${whole(latest.managed)} are successful and ${whole(latest.failed)} failed. The same as a table is behind the button.`}>
          {areas(points, end).map(({ layer, path }) => path !== '' && <path key={layer} d={path} className="curve-area" data-kind={layer} />)}
          {LEVELS.map((level) => <path key={level} d={`M0 ${1 - level / 100}H1`} className="curve-grid" />)}
          <path d={doneLine(points, end)} className="curve-done" />
          {before.length > 0 && <path d={doneLine(before, end)} className="curve-before" />}
          {expected !== null && <path d={`M${expected / end} 0V1`} className="curve-expected" />}
          {shown !== null && <path d={`M${pointed} 0V1`} className="curve-pointed" />}
        </svg>
        {shown === null && em !== null && places(points, end, em).map(({ layer, x, y }) => (
          <span key={layer} className="curve-label" aria-hidden="true" style={{ left: `${100 * x}%`, top: `${100 * y}%` }}>{KIND_LABELS[layer]}</span>
        ))}
        {expected !== null && expected / end < 0.999 && <span className="curve-flag" style={{ left: `${(100 * expected) / end}%` }}>estimate</span>}
        {shown !== null && (
          <div className="curve-tip" data-side={pointed! > 0.5 ? 'left' : 'right'} style={{ left: `${100 * pointed!}%` }}>
            <strong>after {duration(pointed! * end > ran ? ran : pointed! * end)}</strong>
            {KINDS.map((kind) => {
              const count = countOf(shown.counts, kind)
              return count > 0 && <span key={kind}><i className="swatch" data-kind={kind} />{KIND_LABELS[kind]} <b>{whole(count)}</b></span>
            })}
            {earlier !== null && <span>Before: done <b>{percent((100 * earlier.counts.complete) / Math.max(1, earlier.counts.managed), earlier.counts.complete, earlier.counts.managed)}</b></span>}
          </div>
        )}
      </div>
      <div className="curve-times" aria-hidden="true">{ticks(end, 6).map((at) => <span key={at} data-last={at / end > 0.95 || undefined} style={{ left: `${(100 * at) / end}%` }}>{tickLabel(at, end)}</span>)}</div>
    </figure>
  )
}
