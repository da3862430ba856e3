"""Every part of the interface kit on one page, with invented contents: for looking at and for the checks of axe and CSP."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace

from flask import Blueprint, Flask, flash, g, jsonify, render_template, request

from duban.kernel.clock import SetClock
from duban.kernel.settings import Settings
from duban.web.errors import init_errors
from duban.web.faces import init_face
from duban.web.matrix import Cell
from duban.web.navigation import Frame, NavEntry
from duban.web.requests import EXTENSION

HERE = Path(__file__).parent
NOW = datetime(2026, 6, 25, 2, 42, tzinfo=UTC)
bp = Blueprint("gallery", __name__, template_folder=str(HERE))
PLACES = [
    "丁字湾街道",
    "金山桥街道",
    "月亮岛街道",
    "高塘岭街道",
    "白沙洲街道",
    "大泽湖街道",
    "书堂山街道",
    "铜官街道",
    "茶亭镇",
    "东城镇",
    "乔口镇",
    "格塘镇",
    "新康乡",
    "桥驿镇",
]
WORDS = [
    ("已审核", "circle-check", "done"), ("已报送", "send", "done"), ("待审核", "eye-check", "todo"), ("填报中", "pencil", "todo"),
    ("还有 3 天", "clock", "warn"), ("逾期 5 天", "alert-triangle", "late"), ("已退回", "corner-up-left", "warn"),
]  # fmt: skip


@bp.get("/")
def show():
    flash("已报送：2026 年第二季度安全生产工作总结", "success")
    columns = [
        {
            "key": str(n),
            "label": label,
            "note": "6月28日",
            "url": "/",
            "urge_url": "/urge" if n in {1, 4} else None,
            "late": 2 + n,
        }
        for n, label in enumerate(
            [
                "年度计划",
                "一季度小结",
                "半年总结",
                "隐患排查月报 5月",
                "隐患排查月报 6月",
                "责任书签订",
                "安全生产月方案",
                "联络员名单",
            ]
        )
    ]
    rows = [
        {
            "label": name,
            "url": "/",
            "note": "迟 1" if i % 3 == 0 else "",
            "cells": {
                c["key"]: Cell(*WORDS[(i * 3 + int(c["key"]) * 5) % 7], url="/", hint="6月28日截止")
                for c in columns
                if (i + int(c["key"])) % 6
            },
        }
        for i, name in enumerate(PLACES)
    ]
    today = date(2026, 6, 25)
    return render_template(
        "gallery.html",
        columns=columns,
        rows=rows,
        today_=today,
        days=timedelta,
        when=NOW,
        places=PLACES,
        Decimal=Decimal,
        frame_only=request.args.get("bare"),
    )


@bp.get("/units")
def units():
    return jsonify(
        [{"id": n, "name": name, "note": "430112" + str(n)} for n, name in enumerate(PLACES) if request.args["q"] in name]
    )


@bp.post("/save")
def save():
    return jsonify({"version": int(request.headers.get("If-Match", '"0"').strip('"')) + 1, "saved_at": "10:42"})


@bp.get("/sign-in")
def door():
    accounts = [
        {
            "slug": "wangcheng",
            "tenant_name": "望城县安全生产委员会",
            "login": login,
            "password": "demo-2026",
            "name": name,
            "role": role,
        }
        for login, name, role in [
            ("cl", "李春", "村级信息员"),
            ("to", "王芳", "乡镇安监员"),
            ("co", "陈立", "县安办干部"),
            ("ev", "周敏", "考核组成员"),
            ("ld", "赵刚", "分管领导"),
        ]
    ]
    return render_template(
        "identity/sign_in.html",
        typed={"slug": "wangcheng", "login": "", "next": ""},
        error="账号或密码不正确。" if request.args.get("error") else None,
        tenants=[
            SimpleNamespace(slug="wangcheng", name="望城县安全生产委员会"),
            SimpleNamespace(slug="chengbei", name="城北街道办事处"),
        ],
        accounts=accounts,
    )


def make_gallery():
    app = Flask("duban.web", template_folder="templates", static_folder="static")
    app.secret_key = "gallery"
    app.extensions[EXTENSION] = SimpleNamespace(clock=SetClock(NOW), settings=Settings(cookie_secure=False))
    app.jinja_env.globals["form_number"] = lambda: "00000000-0000-7000-8000-000000000000"
    init_errors(app)
    app.register_blueprint(bp)
    app.add_url_rule("/sign-in", "identity.sign_in", door, methods=["GET", "POST"])
    entries = [
        NavEntry(label="工作台", endpoint="gallery.show", icon="layout-dashboard", order=1, count=lambda _scope: 7),
        NavEntry(label="任务与报送", endpoint="gallery.units", icon="list-check", order=2, prefix="x", count=lambda _scope: 3),
        NavEntry(label="工作方案", endpoint="gallery.units", icon="clipboard-list", group="督办", prefix="x"),
        NavEntry(label="指标分解", endpoint="gallery.units", icon="target-arrow", group="督办", prefix="x"),
        NavEntry(label="责任书", endpoint="gallery.units", icon="signature", group="督办", prefix="x"),
        NavEntry(label="年度考核", endpoint="gallery.units", icon="award", group="考核", prefix="x"),
        NavEntry(label="单位与人员", endpoint="gallery.units", icon="sitemap", group="组织", prefix="x"),
    ]

    def frame():
        if request.path == "/sign-in":
            return Frame(tenant_name="")
        g.zone_name = "Asia/Shanghai"
        return Frame(
            tenant_name="望城县安全生产委员会",
            unit_name="高塘岭街道",
            person_name="王芳",
            post="安监站站长",
            links={"home": "gallery.show", "notices": "gallery.show"},
            scope=SimpleNamespace(memo={}),
        )

    init_face(app, entries=entries, frame=frame)
    app.jinja_env.globals["csrf_token"] = lambda: "token"
    return app


if __name__ == "__main__":
    make_gallery().run(port=5055)
