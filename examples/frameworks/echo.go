package frameworks

import (
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/daypass/daypass/resource"
)

// Echo is the API on echo, which wraps middleware of net/http.
func Echo(protect *resource.Protector) http.Handler {
	e := echo.New()
	e.GET("/healthz", func(c echo.Context) error { return c.NoContent(http.StatusNoContent) })
	orders := e.Group("/orders", echo.WrapMiddleware(protect.Require())) // whatever is added to this group is protected
	orders.GET("", func(c echo.Context) error {
		token, _ := resource.FromContext(c.Request().Context()) // present: Require let the request pass
		return c.String(http.StatusOK, "orders of "+token.Subject)
	}, echo.WrapMiddleware(protect.Require("orders:read")))
	orders.POST("", func(c echo.Context) error { return c.NoContent(http.StatusCreated) },
		echo.WrapMiddleware(protect.RequireThat(resource.AllScopes("orders:write"), resource.MaxAge(5*time.Minute))))
	return e
}
