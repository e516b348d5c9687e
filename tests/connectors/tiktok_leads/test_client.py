"""TikTok's own SDK against the stand-in: it knows no leads, but the login, the envelope and the codes of refusals."""

from __future__ import annotations

import re
from typing import Any

import pytest
from business_api_client import (
    AccountManagementApi,
    ApiClient,
    Configuration,
    NumericErrorCodes,
    TiktokSDKError,
)

from connectors.tiktok_leads import exports
from connectors.tiktok_leads.sandbox import ADVERTISER, TOKEN
from tests.connectors.tiktok_leads.studio import Studio

CODES = {name.removeprefix("ERROR_CODE_"): code for name, code in vars(NumericErrorCodes).items() if "ERROR" in name}


@pytest.fixture
def api(studio: Studio) -> Any:
    configuration = Configuration()
    configuration.host = studio.server.url
    return AccountManagementApi(ApiClient(configuration))


def test_it_is_told_the_code_of_a_refusal(api: Any) -> None:
    with pytest.raises(TiktokSDKError, match="40105"):
        api.advertiser_info([ADVERTISER], "wrong")
    with pytest.raises(TiktokSDKError, match="40001"):
        api.advertiser_info(["7012345678901234568"], TOKEN)


def test_it_reads_the_advertiser_that_the_connector_names(api: Any, studio: Studio) -> None:
    (advertiser,) = api.advertiser_info([ADVERTISER], TOKEN)["data"]["list"]
    account = studio.connector().check()
    assert (advertiser["advertiser_id"], advertiser["name"]) == (account.id, account.name)


@pytest.mark.parametrize(
    ("ours", "words"),
    [
        (exports.LOGIN, r"ACCESS_TOKEN|CORE_USER|LOGOUT|LOGIN"),
        (exports.FORBIDDEN, r"PERMISSION|FORBIDDEN|WHITELIST|REJECTED|SCOPE|ADVERTISER"),
        (exports.SLOWER, r"FREQUEN"),
        (exports.LATER, r"TASK|FILE"),
    ],
)
def test_codes_mean_what_its_names_for_them_say(ours: frozenset[int], words: str) -> None:
    names = {code: name for name, code in CODES.items()}
    assert {code for code in ours if not re.search(words, names.get(code, ""))} == set()


def test_codes_of_faults_are_apart_from_all_others() -> None:
    assert {code for name, code in CODES.items() if code >= exports.FAULTS} == {
        code for name, code in CODES.items() if re.search(r"SYS_|^RPC_ERROR$", name) or code > 51_000
    }
