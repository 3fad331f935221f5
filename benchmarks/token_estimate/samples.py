"""Texts in several languages and formats, written for this measurement. Each kind has two: the weights of the estimate
were fitted to the first ones, and its error is measured with the second ones.
"""

# ruff: noqa: E501  # Characters of some scripts count as two columns.

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final, NamedTuple


class Sample(NamedTuple):
    fitted: str
    measured: str


_CODE_1: Final = '''\
def merge(left: list[int], right: list[int]) -> list[int]:
    """Merge two sorted lists into one."""
    result = []
    i = j = 0
    while i < len(left) and j < len(right):
        if left[i] <= right[j]:
            result.append(left[i])
            i += 1
        else:
            result.append(right[j])
            j += 1
    return result + left[i:] + right[j:]


class SensorReader:
    DEFAULT_TIMEOUT_MS = 2500

    def __init__(self, device_path: str = "/dev/ttyUSB0") -> None:
        self._device_path = device_path
        self.lastReading: float | None = None
'''
_CODE_2: Final = """\
export async function loadOrders(client: HttpClient, customerId: string): Promise<Order[]> {
  const response = await client.get(`/api/v2/customers/${customerId}/orders?limit=100`);
  if (!response.ok) {
    throw new Error(`cannot load orders: ${response.status} ${response.statusText}`);
  }
  const body = (await response.json()) as { items: Order[]; nextCursor?: string };
  return body.items.filter((order) => order.state !== "cancelled").sort((a, b) => a.createdAt - b.createdAt);
}

fn parse_header(line: &[u8]) -> Option<(&str, &str)> {
    let text = std::str::from_utf8(line).ok()?;
    let (name, value) = text.split_once(':')?;
    Some((name.trim(), value.trim()))
}
"""
_SCHEMA_1: Final = json.dumps(
    {
        "name": "get_weather",
        "description": "The weather at a place, now and for the next days.",
        "parameters": {
            "type": "object",
            "properties": {
                "city": {"type": "string", "description": "Name of the city, with its country if it is ambiguous"},
                "days": {"type": "integer", "minimum": 1, "maximum": 10},
                "units": {"type": "string", "enum": ["metric", "imperial"]},
            },
            "required": ["city"],
            "additionalProperties": False,
        },
    }
)
_SCHEMA_2: Final = json.dumps(
    {
        "orders": [
            {
                "id": "ord_81f2c9",
                "total": 129.95,
                "currency": "EUR",
                "paid": True,
                "items": [{"sku": "A-1002", "n": 3}],
            },
            {"id": "ord_77aa03", "total": 18.0, "currency": "USD", "paid": False, "items": [{"sku": "K-9", "n": 12}]},
        ],
        "page": {"next": None, "size": 50, "createdAt": "2026-03-14T09:26:53Z"},
    }
)
_LOG_1: Final = """\
2026-03-14T09:26:53.589Z INFO  [worker-3] accepted connection from 10.12.0.77:51234
2026-03-14T09:26:53.612Z WARN  [worker-3] slow query (1834 ms): SELECT id, name FROM customers WHERE region = 'north'
2026-03-14T09:26:54.001Z ERROR [worker-1] upstream closed the stream: code=502 request_id=7f3a9c21-5bd0-4c8e-9a11
"""
_LOG_2: Final = """\
Mar  2 18:01:07 node17 kernel: [91235.104412] eth0: link is down
Mar  2 18:01:09 node17 systemd[1]: backup.service: Main process exited, code=exited, status=3/NOTIMPLEMENTED
total 48
-rw-r--r-- 1 build build  18342 Mar  2 17:59 report-2026-03.csv
drwxr-xr-x 2 build build   4096 Feb 27 08:12 artifacts
"""

SAMPLES: Final[Mapping[str, Sample]] = {
    "English": Sample(
        "The harbour was quiet when the last ferry came in. A few passengers waited on the deck with their bags, and "
        "the captain, who had worked on this line for thirty years, greeted each of them by name. Nobody was in a "
        "hurry: the shops had closed long ago, and the only light came from the small café at the end of the pier.",
        "Our team reviewed the proposal last week and found it mostly convincing. However, the budget does not include "
        "maintenance costs, and the schedule assumes that every supplier delivers on time. Please add an estimate for "
        "the second year, explain which risks you consider acceptable, and send us a revised version by Thursday.",
    ),
    "German": Sample(
        "Der Hafen lag still, als die letzte Fähre einlief. Einige Fahrgäste warteten mit ihrem Gepäck an Deck, und der "
        "Kapitän, der seit dreißig Jahren auf dieser Strecke fuhr, begrüßte jeden mit Namen. Niemand hatte es eilig: "
        "Die Geschäfte waren längst geschlossen, und nur im kleinen Café am Ende der Mole brannte noch Licht.",
        "Unsere Arbeitsgruppe hat den Vorschlag letzte Woche geprüft und hält ihn größtenteils für überzeugend. "
        "Allerdings fehlen im Kostenplan die Wartungsausgaben, und der Zeitplan setzt voraus, dass alle Zulieferer "
        "pünktlich liefern. Bitte ergänzen Sie eine Schätzung für das zweite Jahr und schicken Sie uns die "
        "überarbeitete Fassung bis Donnerstag.",
    ),
    "French": Sample(
        "Le port était calme quand le dernier bateau est arrivé. Quelques passagers attendaient sur le pont avec leurs "
        "bagages, et le capitaine, qui travaillait sur cette ligne depuis trente ans, les saluait tous par leur nom. "
        "Personne n'était pressé : les magasins avaient fermé depuis longtemps, et seul le petit café restait éclairé.",
        "Notre équipe a examiné la proposition la semaine dernière et l'a trouvée plutôt convaincante. Cependant, le "
        "budget ne comprend pas les frais d'entretien, et le calendrier suppose que chaque fournisseur livre à temps. "
        "Merci d'ajouter une estimation pour la deuxième année et de nous envoyer une version révisée avant jeudi.",
    ),
    "Spanish": Sample(
        "El puerto estaba tranquilo cuando llegó el último barco. Algunos pasajeros esperaban en la cubierta con sus "
        "maletas, y el capitán, que llevaba treinta años en esta línea, saludaba a cada uno por su nombre. Nadie tenía "
        "prisa: las tiendas habían cerrado hacía mucho, y solo había luz en el pequeño café al final del muelle.",
        "Nuestro equipo revisó la propuesta la semana pasada y le pareció bastante convincente. Sin embargo, el "
        "presupuesto no incluye los gastos de mantenimiento, y el calendario supone que todos los proveedores entregan "
        "a tiempo. Por favor, añadan una estimación para el segundo año y envíennos una versión nueva antes del jueves.",
    ),
    "Polish": Sample(
        "Port był cichy, kiedy przypłynął ostatni prom. Kilku pasażerów czekało na pokładzie z bagażami, a kapitan, "
        "który pracował na tej linii od trzydziestu lat, witał każdego po imieniu. Nikomu się nie spieszyło: sklepy "
        "dawno już zamknięto, a jedyne światło paliło się w małej kawiarni na końcu mola.",
        "Nasz zespół przejrzał propozycję w zeszłym tygodniu i uznał ją za dość przekonującą. Budżet nie obejmuje "
        "jednak kosztów utrzymania, a harmonogram zakłada, że każdy dostawca zdąży na czas. Prosimy o dodanie "
        "szacunku na drugi rok, wyjaśnienie dopuszczalnego ryzyka i przesłanie poprawionej wersji do czwartku.",
    ),
    "Turkish": Sample(
        "Son vapur yanaştığında liman sessizdi. Birkaç yolcu güvertede bavullarıyla bekliyordu; otuz yıldır bu hatta "
        "çalışan kaptan her birini adıyla selamladı. Kimsenin acelesi yoktu: dükkânlar çoktan kapanmıştı ve tek ışık "
        "iskelenin ucundaki küçük kahveden geliyordu.",
        "Ekibimiz öneriyi geçen hafta inceledi ve büyük ölçüde ikna edici buldu. Ancak bütçe bakım giderlerini "
        "içermiyor ve takvim her tedarikçinin zamanında teslim edeceğini varsayıyor. Lütfen ikinci yıl için bir tahmin "
        "ekleyin, hangi riskleri kabul ettiğinizi açıklayın ve yeni sürümü perşembeye kadar gönderin.",
    ),
    "Vietnamese": Sample(
        "Bến cảng yên tĩnh khi chuyến phà cuối cùng cập bến. Vài hành khách đứng chờ trên boong với hành lý, và thuyền "
        "trưởng, người đã làm việc trên tuyến này ba mươi năm, chào từng người bằng tên. Không ai vội vã: các cửa hàng "
        "đã đóng từ lâu, chỉ còn ánh đèn của quán cà phê nhỏ ở cuối cầu tàu.",
        "Nhóm chúng tôi đã xem xét đề xuất vào tuần trước và thấy khá thuyết phục. Tuy nhiên, ngân sách chưa bao gồm "
        "chi phí bảo trì, và lịch trình giả định rằng mọi nhà cung cấp đều giao hàng đúng hạn. Vui lòng bổ sung ước "
        "tính cho năm thứ hai và gửi cho chúng tôi bản sửa đổi trước thứ Năm.",
    ),
    "Russian": Sample(
        "Гавань была тиха, когда пришёл последний паром. Несколько пассажиров ждали на палубе с чемоданами, и капитан, "
        "который работал на этой линии тридцать лет, приветствовал каждого по имени. Никто не спешил: магазины давно "
        "закрылись, и свет горел только в маленьком кафе в конце причала.",
        "Наша группа рассмотрела предложение на прошлой неделе и сочла его в целом убедительным. Однако в бюджете нет "
        "расходов на обслуживание, а график предполагает, что каждый поставщик успеет вовремя. Пожалуйста, добавьте "
        "оценку на второй год и пришлите нам исправленный вариант до четверга.",
    ),
    "Greek": Sample(
        "Το λιμάνι ήταν ήσυχο όταν έφτασε το τελευταίο πλοίο. Λίγοι επιβάτες περίμεναν στο κατάστρωμα με τις βαλίτσες "
        "τους, και ο καπετάνιος τους χαιρετούσε όλους με το όνομά τους. Κανείς δεν βιαζόταν.",
        "Η ομάδα μας εξέτασε την πρόταση την περασμένη εβδομάδα και τη βρήκε αρκετά πειστική. Ωστόσο, ο "
        "προϋπολογισμός δεν περιλαμβάνει τα έξοδα συντήρησης. Παρακαλούμε στείλτε μας νέα έκδοση μέχρι την Πέμπτη.",
    ),
    "Arabic": Sample(
        "كان الميناء هادئا عندما وصلت العبارة الأخيرة. انتظر بعض الركاب على السطح مع حقائبهم، وحيّا القبطان الذي عمل على "
        "هذا الخط ثلاثين عاما كل واحد منهم باسمه. لم يكن أحد مستعجلا، فقد أغلقت المتاجر منذ وقت طويل.",
        "راجع فريقنا الاقتراح في الأسبوع الماضي ووجده مقنعا إلى حد كبير. لكن الميزانية لا تشمل تكاليف الصيانة، والجدول "
        "يفترض أن كل مورد سيسلم في الموعد. يرجى إضافة تقدير للسنة الثانية وإرسال نسخة معدلة قبل يوم الخميس.",
    ),
    "Hebrew": Sample(
        "הנמל היה שקט כשהגיעה המעבורת האחרונה. כמה נוסעים חיכו על הסיפון עם המזוודות שלהם, והקברניט בירך כל אחד בשמו.",
        "הצוות שלנו בדק את ההצעה בשבוע שעבר ומצא אותה משכנעת. עם זאת, התקציב אינו כולל את עלויות התחזוקה. אנא שלחו לנו "
        "גרסה מתוקנת עד יום חמישי.",
    ),
    "Hindi": Sample(
        "जब आख़िरी नाव आई तो बंदरगाह शांत था। कुछ यात्री अपने सामान के साथ डेक पर इंतज़ार कर रहे थे, और कप्तान ने हर एक को उसके नाम से "
        "नमस्ते कहा। किसी को जल्दी नहीं थी, क्योंकि दुकानें बहुत पहले बंद हो चुकी थीं।",
        "हमारी टीम ने पिछले सप्ताह प्रस्ताव की समीक्षा की और उसे काफ़ी अच्छा पाया। लेकिन बजट में रखरखाव का ख़र्च शामिल नहीं है। कृपया दूसरे साल "
        "का अनुमान जोड़ें और गुरुवार तक हमें नया संस्करण भेजें।",
    ),
    "Thai": Sample(
        "ท่าเรือเงียบสงบเมื่อเรือเที่ยวสุดท้ายมาถึง ผู้โดยสารไม่กี่คนรออยู่บนดาดฟ้าพร้อมกระเป๋า และกัปตันทักทายทุกคนด้วยชื่อ ไม่มีใครรีบร้อนเพราะร้านค้าปิดไปนานแล้ว",
        "ทีมของเราได้ตรวจสอบข้อเสนอเมื่อสัปดาห์ที่แล้วและเห็นว่าน่าเชื่อถือ แต่งบประมาณยังไม่รวมค่าบำรุงรักษา กรุณาเพิ่มประมาณการสำหรับปีที่สองและส่งฉบับแก้ไขภายในวันพฤหัสบดี",
    ),
    "Chinese": Sample(
        "最后一班渡轮进港时，港口已经很安静了。几位乘客带着行李在甲板上等候，在这条航线上工作了三十年的船长叫着名字和每个人打招呼。"
        "没有人着急：商店早就关门了，只有码头尽头的小咖啡馆还亮着灯。",
        "我们的团队上周审阅了这份方案，总体上认为很有说服力。不过预算里没有包括维护费用，进度表也假定所有供应商都能按时交货。"
        "请补充第二年的估算，说明哪些风险可以接受，并在星期四之前把修改后的版本发给我们。",
    ),
    "Japanese": Sample(
        "最後のフェリーが着いたとき、港は静かだった。何人かの乗客が荷物を持って甲板で待っていて、この航路で三十年働いてきた船長が"
        "一人一人に名前で挨拶をした。急いでいる人は誰もいなかった。店はとっくに閉まっていて、明かりは桟橋の端の小さな喫茶店だけだった。",
        "私たちのチームは先週提案を検討し、おおむね納得できるものだと考えました。ただし、予算には保守の費用が含まれておらず、"
        "日程はすべての業者が期日どおりに納品することを前提にしています。二年目の見積もりを追加し、木曜日までに修正版を送ってください。",
    ),
    "Korean": Sample(
        "마지막 배가 들어왔을 때 항구는 조용했다. 승객 몇 명이 짐을 들고 갑판에서 기다리고 있었고, 이 항로에서 삼십 년을 일한 선장은 "
        "모두에게 이름을 부르며 인사했다. 서두르는 사람은 없었다. 가게는 오래전에 문을 닫았다.",
        "저희 팀은 지난주에 제안서를 검토했고 대체로 설득력이 있다고 판단했습니다. 다만 예산에 유지 보수 비용이 빠져 있고, 일정은 모든 "
        "업체가 제때 납품한다고 가정합니다. 두 번째 해의 추정치를 추가하고 목요일까지 수정본을 보내 주세요.",
    ),
    "code": Sample(_CODE_1, _CODE_2),
    "JSON": Sample(_SCHEMA_1, _SCHEMA_2),
    "logs": Sample(_LOG_1, _LOG_2),
}
