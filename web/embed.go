// Package web holds the pages that bosgraph serves, as they are sent: the dashboard
// and the playground, bundled from the sources beside this file.
package web

import (
	"embed"
	"io/fs"
)

//go:generate npm run --silent generate
//go:generate npm run --silent build
//go:generate go run ./pack dist/assets
// The licenses are those of what has just been built, too.
//go:generate go run ../internal/licenses/gen ..

//go:embed all:dist
var dist embed.FS

// Pages is what `npm run build` wrote: index.html, the dashboard; graphiql.html, the
// playground; and below assets/ what they load, under names that change with the
// contents. Those that get smaller are compressed, and have .gz behind their name.
func Pages() fs.FS {
	pages, err := fs.Sub(dist, "dist")
	if err != nil {
		panic(err) // the path is a valid one
	}
	return pages
}
