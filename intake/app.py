"""The application: `create_app` wires the packages together and does nothing else."""

from pathlib import Path

from werkzeug.middleware.proxy_fix import ProxyFix

from config import Settings
from intake.boards import views as boards_views
from intake.boards.services.tally import Tally
from intake.core.turnstile import Turnstile
from intake.core.world import World, open_world
from intake.people import services as people_services
from intake.people import views as people_views
from intake.reports import views as reports_views
from intake.routing import views as routing_views
from intake.triage import views as triage_views
from intake.web import (
    access,
    assets,
    background,
    ceilings,
    context,
    errors,
    headers,
    hosts,
    i18n,
    operators,
    places,
    session,
    throttle,
    upload,
)

_TEMPLATES = Path(__file__).resolve().parent.parent / "templates"


def create_app(settings: Settings, *, world: World | None = None) -> errors.QuietFlask:
    """The application over an opened world (opened here unless given); `MSX_SURFACE` decides which side it serves."""
    world = world or open_world(settings)
    app = errors.QuietFlask("intake", static_folder=None, template_folder=str(_TEMPLATES))
    app.request_class = upload.IntakeRequest
    app.config["MAX_CONTENT_LENGTH"] = None  # upload.IntakeRequest counts itself, so that the text survives
    app.config["WTF_I18N_ENABLED"] = False  # our forms bring their own words; its catalogue was read at every request
    app.extensions[context.EXTENSION] = world
    app.extensions[boards_views.counted.EXTENSION] = Tally()
    app.extensions[background.EXTENSION] = background.Worker()
    app.extensions[session.LOADER] = people_services.load_session
    app.extensions["msx_upload_limits"] = upload.UploadLimits(
        request_mb=settings.max_upload_mb,
        photo_mb=settings.max_photo_mb,
        inflight_mb=settings.inflight_mb,
        drain_mb=settings.drain_mb,
    )
    i18n.init_app(app)
    throttle.install(app, world)
    ceilings.install(app, settings)
    app.jinja_env.globals["asset_url"] = assets.asset_url
    app.before_request(places.step_in)
    app.before_request(access.enforce)
    app.after_request(headers.add_headers)
    errors.register(app)
    app.register_blueprint(operators.blueprint)
    app.register_blueprint(assets.blueprint)
    if settings.surface in ("all", "citizen"):
        app.register_blueprint(boards_views.blueprint)
        app.register_blueprint(reports_views.blueprint)
    if settings.surface in ("all", "staff"):
        app.register_blueprint(people_views.blueprint)
        app.register_blueprint(boards_views.field.blueprint)
        app.register_blueprint(boards_views.registry)
        app.register_blueprint(boards_views.plates)
        app.register_blueprint(routing_views.blueprint)
        app.register_blueprint(reports_views.practice.blueprint)
        app.register_blueprint(triage_views.blueprint)
    app.extensions[places.EXTENSION] = turnstile = Turnstile(places.PLACES)
    app.wsgi_app = places.Places(app.wsgi_app, turnstile)  # type: ignore[method-assign]  # Flask's documented way to add a layer
    if settings.trusted_proxies:
        app.wsgi_app = ProxyFix(  # type: ignore[method-assign]  # as above
            app.wsgi_app, x_for=settings.trusted_proxies, x_proto=0, x_host=0, x_port=0, x_prefix=0
        )
    app.wsgi_app = hosts.HostCheck(app.wsgi_app, settings)  # type: ignore[method-assign]  # as above
    return app
