"""Words at the door: signing in, invitations, and what someone may not see."""

from dashboard.text_tables.shape import Text

__all__ = ["TEXTS"]

TEXTS: dict[str, Text] = {
    "entry.title": {"zh": "请先登录", "en": "Sign in"},
    "entry.lead": {"zh": "这里的内容只对获准的人开放。", "en": "What is here is for people who were let in."},
    "entry.button": {"zh": "登录", "en": "Sign in"},
    "entry.invited": {
        "zh": "收到过邀请？请打开您收到的链接，并输入另外告知您的 PIN。",
        "en": "Were you invited? Open the link you were sent, and enter the PIN you were told.",
    },
    "entry.unknown": {"zh": "您已登录，但这里还没有您的名字", "en": "You are signed in, but not known here"},
    "entry.unknown.lead": {
        "zh": "请让管理员运行下面的命令，然后重新载入此页。",
        "en": "Ask an admin to run this command, then load the page again.",
    },
    "entry.nothing": {"zh": "这里没有给您的页面", "en": "There is no page for you here"},
    "entry.nothing.lead": {
        "zh": "您的角色是 {roles}。需要别的角色请找管理员。",
        "en": "Your role is {roles}. Ask an admin for another one.",
    },
    "entry.no_role": {"zh": "无", "en": "none"},
    "entry.ended": {"zh": "此邀请已结束", "en": "This invitation has ended"},
    "entry.ended.lead": {
        "zh": "请向邀请您的人索取新链接。已提交的评判都已保存。",
        "en": "Ask whoever invited you for a new link. What you submitted is kept.",
    },
    "entry.trouble": {
        "zh": "现在无法读取数据，请稍后重新载入此页。",
        "en": "The data cannot be read now. Load this page again in a moment.",
    },
    "entry.out": {"zh": "退出登录", "en": "Sign out"},
    "foot.version": {"zh": "Assay {version} 版", "en": "Assay {version}"},
    "judge": {"zh": "评审", "en": "Judge"},
    # /invite and /leave, pages of their own
    "invite.title": {"zh": "请输入 PIN", "en": "Enter your PIN"},
    "invite.lead": {
        "zh": "PIN 是六位数字，会通过另一种方式告知您（电话或当面）。",
        "en": "The PIN is six digits. You were told it by another way, such as by phone.",
    },
    "invite.pin": {"zh": "PIN 码", "en": "PIN"},
    "invite.enter": {"zh": "进入", "en": "Enter"},
    "invite.wrong": {"zh": "PIN 不对，还可以试 {count} 次。", "en": "This is not the PIN. {count} tries are left."},
    "invite.wrong.one": {"zh": "PIN 不对，还可以试 1 次。", "en": "This is not the PIN. One try is left."},
    "invite.over": {
        "zh": "此链接无法使用：可能已用过、已过期或已撤回。请向发送人索取新链接。",
        "en": "This link opens nothing: it was used, has ended, or was taken back. Ask its sender for a new one.",
    },
    "invite.slow": {
        "zh": "尝试次数过多，请十分钟后再试。",
        "en": "There were too many tries. Wait ten minutes, then try again.",
    },
    "invite.trouble": {
        "zh": "现在无法进入，请稍后再试；链接仍然有效。",
        "en": "This does not work right now. Try again in a moment; the link still holds.",
    },
    "leave.title": {"zh": "退出登录", "en": "Sign out"},
    "leave.lead": {
        "zh": "退出后，此浏览器需要新的邀请才能再次进入。",
        "en": "This browser will need a new invitation to come back.",
    },
    "leave": {"zh": "退出", "en": "Sign out"},
    "leave.done": {"zh": "已退出", "en": "You are signed out"},
    "leave.again": {"zh": "可以关闭此页。", "en": "You can close this page."},
}
