package frameworks

import (
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/daypass/daypass/resource"
)

// Gin is the API on gin.
func Gin(protect *resource.Protector) http.Handler {
	gin.SetMode(gin.ReleaseMode)
	g := gin.New()
	g.GET("/healthz", func(c *gin.Context) { c.Status(http.StatusNoContent) })
	orders := g.Group("/orders", UseGin(protect.Require())) // whatever is added to this group is protected
	orders.GET("", UseGin(protect.Require("orders:read")), func(c *gin.Context) {
		token, _ := resource.FromContext(c.Request.Context()) // present: Require let the request pass
		c.String(http.StatusOK, "orders of %s", token.Subject)
	})
	orders.POST("", UseGin(protect.RequireThat(resource.AllScopes("orders:write"), resource.MaxAge(5*time.Minute))),
		func(c *gin.Context) { c.Status(http.StatusCreated) })
	return g
}

// UseGin makes gin middleware of net/http middleware. A gin handler goes on by default, so what matters here is to stop:
// when the middleware did not call the next handler, it has written an answer, and the chain is aborted.
func UseGin(middleware func(http.Handler) http.Handler) gin.HandlerFunc {
	return func(c *gin.Context) {
		passed := false
		next := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			passed = true
			c.Request = r // carries the token in its context
		})
		middleware(next).ServeHTTP(c.Writer, c.Request)
		if !passed {
			c.Abort()
		}
	}
}
