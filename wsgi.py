"""For gunicorn: `gunicorn wsgi:app`."""

from duban.app import create_app
from duban.kernel.logs import configure_logs
from duban.kernel.settings import read_settings

settings = read_settings()
configure_logs(settings.log_format)
app = create_app(settings)
