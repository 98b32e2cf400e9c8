"""Files as a customer would attach them: a contract in Chinese as docx, one in English as pdf, a long one as text."""

import io

CLAUSES = {
    "zh": (
        ("第一条 租金与押金", "每月租金为人民币 5200 元,每月 5 日前支付。押金为一个月租金,退租验收后 7 个工作日内退还。"),
        ("第二条 违约责任", "任何一方提前解约,应当提前 30 日书面通知对方,并支付相当于两个月租金的违约金。"),
        ("第三条 维修", "房屋主体与固定设施由出租人负责维修,日常消耗品由承租人负责。"),
    ),
    "en": (
        ("Rent and deposit", "The monthly rent is 1,450 euros, due on the fifth of each month. The deposit is one rent."),
        ("Early termination", "Either party may end this contract early with 30 days notice and a penalty of two rents."),
        ("Repairs", "The landlord repairs the building and what is fixed to it; the tenant replaces what wears out."),
    ),
}  # fmt: skip


def contract_docx() -> bytes:
    """《房屋租赁合同》, a heading a clause."""
    from docx import Document

    document = Document()
    document.add_heading("房屋租赁合同", level=1)
    for heading, text in CLAUSES["zh"]:
        document.add_heading(heading, level=2)
        document.add_paragraph(text)
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def contract_pdf() -> bytes:
    """A rental contract, a page a clause."""
    from reportlab.pdfgen.canvas import Canvas

    out = io.BytesIO()
    canvas = Canvas(out, invariant=1)
    for heading, text in CLAUSES["en"]:
        canvas.drawString(60, 780, heading)
        half = text.index(" ", len(text) // 2)
        canvas.drawString(60, 750, text[:half])
        canvas.drawString(60, 735, text[half:].strip())
        canvas.showPage()
    canvas.save()
    return out.getvalue()


def with_a_blank_page() -> bytes:
    """A pdf whose second page holds a picture's place and no text."""
    from reportlab.pdfgen.canvas import Canvas

    out = io.BytesIO()
    canvas = Canvas(out, invariant=1)
    canvas.drawString(60, 780, "The first page has words.")
    canvas.showPage()
    canvas.rect(60, 60, 400, 600, fill=1)
    canvas.showPage()
    canvas.save()
    return out.getvalue()


def long_text(clauses: int = 400) -> bytes:
    """Numbered clauses, far more than a small window holds; clause 250 names the penalty."""
    lines = [
        f"第 {n} 条 双方就第 {n} 项服务的范围、时限与验收方式另行约定,以附件 {n} 为准。"
        for n in range(1, clauses + 1)
    ]
    if clauses > 250:
        lines[249] = "第 250 条 逾期付款的,每日按欠款的万分之三支付滞纳金。"
    return "\n\n".join(lines).encode()
