"""The columns of each register. Pure: one place for the words, the help and the limits of every fact."""

from intake.boards.columns import Column, choice, day, moment, number, reference, words

LEVELS = {"province": "省", "prefecture": "市", "county": "县", "town": "乡镇", "village": "村"}
SITE_KINDS = {"project": "工程", "village": "村居", "unit": "被巡察单位"}
TEAM_KINDS = {
    "inspection_team": "巡察组", "office": "巡察办", "superior": "上级信访室", "discipline_case": "案管室",
    "town_discipline": "镇乡纪委", "org_dept": "组织部", "village_station": "村级监督站",
}  # fmt: skip
ORGANISATION_KINDS = {
    "owner": "建设单位", "contractor": "施工单位", "supervisor_firm": "监理单位", "designer": "设计单位",
    "party_organisation": "党组织", "other": "其他单位",
}  # fmt: skip

# An address that is a page of its own is no number.
_REGION_CODE = number(r"(?!new$|import$)[0-9A-Za-z]{1,20}", "用数字，比如 990121100201")
_TEAM_ID = number(r"(?!new$|import$)[a-z][a-z0-9_-]{0,31}", "用小写字母、数字、横线或下划线，以字母开头")
_SITE_NO = number(r"[\w.-]{1,40}", "用字母、数字、汉字、点和横线，最多 40 个，中间没有空格", upper=True)
_CODE_HINT = "十二位区划代码，或本县自己编的；以后不能改"

REGIONS = (
    Column("code", "区划代码", _CODE_HINT, _REGION_CODE, needed=True, example="990121100201"),
    Column("parent_code", "上一级", "上一级的区划代码；最高一级不写", reference("regions", "地方"),
           example="990121100", refers="regions"),
    Column("level", "级别", "省、市、县、乡镇、村", choice(LEVELS), needed=True, example="村", choices=LEVELS),
    Column("name", "名称", "牌子上怎么写，这里就怎么写", words(40), needed=True, example="石桥村"),
)  # fmt: skip

ORGANISATIONS = (
    Column("name", "单位名称", "写全称；合同、批文上怎么写，这里就怎么写", words(60), needed=True,
           example="岚溪鸿基建设有限公司"),
    Column("kind", "类别", "它多半是做什么的", choice(ORGANISATION_KINDS), needed=True, example="施工单位",
           choices=ORGANISATION_KINDS),
    Column("aliases", "别的叫法", "群众会怎么叫它；几个叫法用分号隔开。来信里写了其中一个，和它有关系的人就回避",
           words(400), example="鸿基建设;鸿基公司"),
)  # fmt: skip

TEAMS = (
    Column("team_id", "组的编号", "小写字母和数字，比如 team5；以后不能改", _TEAM_ID, needed=True, example="team5"),
    Column("name", "组名", "全称。来信里提到它，这个组就回避", words(40), needed=True, example="岚溪县委第五巡察组"),
    Column("kind", "种类", "巡察组收牌子上的反映，其他的收转来的", choice(TEAM_KINDS), needed=True, example="巡察组",
           choices=TEAM_KINDS),
    Column("region_code", "所在地方", "区划代码或名称，可以不写", reference("regions", "地方"), example="990121",
           refers="regions"),
    Column("covers", "管什么", "给自己看的一句话，可以不写", words(200), example="水利工程"),
)  # fmt: skip

ROUNDS = (
    Column("name", "轮次名称", "比如：第十四届县委第六轮巡察", words(40), needed=True,
           example="第十四届县委第六轮巡察"),
    Column("committee", "派出党委", "公告上落款的党委", words(40), needed=True, example="中共岚溪县委"),
    Column("opens_at", "开始受理", "哪天几点起，比如 2026-09-14 08:00", moment, needed=True, example="2026-09-14 08:00",
           kind="moment"),
    Column("closes_at", "截止受理", "到哪天几点。过了这一刻，牌子的页面自己改成别的反映办法", moment, needed=True,
           example="2026-12-11 18:00", kind="moment"),
    Column("tasks", "主要任务", "写进巡察公告，可以不写", words(600), kind="area",
           example="重点了解落实惠民政策、项目建设、基层作风方面的问题"),
)  # fmt: skip

SITES = (
    Column("site_no", "点位编号", "印在牌子上，全县不能重复，以后不能改", _SITE_NO, needed=True, example="GC-2026-004"),
    Column("kind", "种类", "工程、村居还是被巡察单位：决定牌子的样子", choice(SITE_KINDS), needed=True, example="工程",
           choices=SITE_KINDS),
    Column("name", "名称", "项目或公告栏的名字，印在牌子最上面", words(80), needed=True, example="凤岭乡坪上村蓄水池"),
    Column("region_code", "所在地方", "区划代码或名称", reference("regions", "地方"), example="990121200203",
           refers="regions"),
    Column("team_id", "负责的组", "组的编号或名称。没有组，牌子不能挂出去", reference("teams", "组"), example="team3",
           refers="teams"),
    Column("round", "轮次", "属于哪一轮：开始以前、截止以后，页面自己换成别的反映办法。可以不写",
           reference("rounds", "轮次"), refers="rounds"),
    Column("owner_unit", "建设单位", "单位全称；先在“单位”里登记好。和它有利害关系的人看不到这里的反映",
           reference("organisations", "单位"), example="石桥镇人民政府", refers="organisations"),
    Column("owner_head", "建设单位负责人", "姓名", words(40), example="示例甲"),
    Column("contractor", "施工单位", "单位全称", reference("organisations", "单位"), example="岚溪顺达路桥有限公司",
           refers="organisations"),
    Column("contractor_head", "施工单位负责人", "姓名", words(40), example="示例乙"),
    Column("supervisor_firm", "监理单位", "单位全称", reference("organisations", "单位"),
           example="青屿方正监理有限公司", refers="organisations"),
    Column("supervisor_head", "监理单位负责人", "姓名", words(40), example="示例丙"),
    Column("designer", "设计单位", "单位全称", reference("organisations", "单位"), refers="organisations"),
    Column("designer_head", "设计单位负责人", "姓名", words(40)),
    Column("amount_wan_yuan", "总投资（万元）", "数字，照批复写", words(20), example="86.5"),
    Column("funds", "资金来源", "比如：县级财政，上级专项补助", words(120), example="乡村振兴衔接资金"),
    Column("starts_on", "开工（开始）日期", "比如 2026-03-01", day, example="2026-03-01", kind="day"),
    Column("ends_on", "竣工（结束）日期", "比如 2026-12-30", day, example="2026-12-30", kind="day"),
    Column("place", "建设地点", "比地方更细的位置", words(120), example="坪上村三组后山"),
    Column("content", "主要内容和规模", "印在牌子上", words(400), example="新建蓄水池两座，共 600 立方米", kind="area"),
    Column("phone", "监督电话", "印在牌子上；不写就用巡察办的", words(40), example="0990-5550103"),
)  # fmt: skip
