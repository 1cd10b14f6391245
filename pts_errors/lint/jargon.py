"""Words to keep from customers, by language: the gateway's internals, and why a check did not pass."""

from __future__ import annotations

import re
from functools import cache

# Scripts without spaces, in which words match anywhere in the text; in other scripts only whole words match.
UNSPACED = {"ja", "th", "zh-hans", "zh-hant"}

_WORDS = {
    "en": "gateway upstream signature token whitelist allowlist key api safecode merchant decrypt balance funds fraud "
    "risk security password callback server database timeout invalid rejected declined blocked",
    "ar": "البوابة بوابة التوقيع توقيع المفتاح مفتاح الرصيد رصيد رصيدك احتيال الاحتيال أمني الأمان الخادم التاجر",
    "de": "gateway upstream signatur token whitelist schlüssel api guthaben kontostand saldo betrug sicherheit server "
    "händler passwort",
    "es": "pasarela gateway upstream firma token clave api saldo fondos fraude seguridad servidor comercio contraseña",
    "fil": "gateway upstream signature token whitelist key api balanse balance pondo panloloko fraud seguridad server "
    "merchant password",
    "fr": "passerelle upstream signature jeton token clé api solde fonds fraude sécurité serveur commerçant",
    "hi": "गेटवे अपस्ट्रीम हस्ताक्षर सिग्नेचर टोकन कुंजी बैलेंस शेष धोखाधड़ी सुरक्षा सर्वर मर्चेंट पासवर्ड",
    "id": "gateway upstream tanda-tangan signature token kunci api saldo penipuan keamanan server merchant",
    "ja": "ゲートウェイ アップストリーム 署名 トークン ホワイトリスト 秘密鍵 残高 不正 詐欺 セキュリティ サーバー 加盟店 パスワード",
    "ko": "게이트웨이 업스트림 서명 토큰 화이트리스트 키 잔액 잔고 사기 보안 서버 가맹점 비밀번호",
    "ms": "get-laluan gateway upstream tandatangan token kunci api baki penipuan keselamatan pelayan saudagar",
    "pt-br": "gateway upstream assinatura token chave api saldo fundos fraude segurança servidor lojista senha",
    "ru": "шлюз шлюза шлюзу подпись подписи токен токена ключ ключа баланс баланса остаток мошенничество безопасность "
    "безопасности сервер сервера мерчант пароль",
    "th": "เกตเวย์ อัปสตรีม ลายเซ็น โทเค็น โทเคน ไวท์ลิสต์ คีย์ ยอดคงเหลือ ยอดเงินคงเหลือ ฉ้อโกง ทุจริต ความปลอดภัย เซิร์ฟเวอร์ ร้านค้า",
    "vi": "cổng-thanh-toán gateway upstream chữ-ký token khóa api số-dư gian-lận bảo-mật máy-chủ mật-khẩu",
    "zh-hans": "网关 上游 签名 令牌 白名单 密钥 余额 欺诈 风控 安全 服务器 商户 密码 接口",
    "zh-hant": "閘道 上游 簽章 簽名 權杖 白名單 金鑰 餘額 詐欺 風控 安全 伺服器 商家 密碼 介面",
}


def find(text: str, language: str) -> str:
    """Return the first forbidden word in a text, or an empty text. English words are forbidden in all languages."""
    for pattern in (_pattern(language), _pattern("en")):
        if pattern is not None and (found := pattern.search(text)):
            return found[0]
    return ""


@cache
def _pattern(language: str) -> re.Pattern[str] | None:
    words = _WORDS.get(language)
    if words is None:
        return None
    # A hyphen stands for a space inside a term.
    terms = "|".join(re.escape(word.replace("-", " ")) for word in words.split())
    return re.compile(terms if language in UNSPACED else rf"(?<!\w)(?:{terms})(?!\w)", re.IGNORECASE)
