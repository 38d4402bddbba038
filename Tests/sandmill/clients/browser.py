"""Chromium as a person uses it: a JSON object a line on stdin, an answer a line on stdout."""
import json
import sys

from selenium import webdriver
from selenium.common.exceptions import StaleElementReferenceException, TimeoutException, WebDriverException
from selenium.webdriver.common.by import By
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.support.ui import WebDriverWait

options = webdriver.ChromeOptions()
options.binary_location = "/usr/bin/chromium"
for argument in (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
    "--window-size=1440,1000",
):
    options.add_argument(argument)
options.set_capability("goog:loggingPrefs", {"performance": "ALL", "browser": "ALL"})
driver = webdriver.Chrome(service=Service("/usr/bin/chromedriver"), options=options)
driver.set_page_load_timeout(60)


def find(order):
    """The first element that matches, once there is one; with "text", one that has that text."""

    def present(_):
        for element in driver.find_elements(By.CSS_SELECTOR, order["selector"]):
            try:
                if order.get("text", "") in element.text:
                    return element
            except WebDriverException:
                pass  # It was swapped for another meanwhile.
        return False

    try:
        return WebDriverWait(driver, order.get("seconds", 30)).until(present)
    except TimeoutException:
        body = driver.execute_script("return document.body.innerText")
        raise TimeoutException(f"{order}, on {driver.current_url}: {body}")


def open_page(order):
    driver.get(order["url"])
    return {"url": driver.current_url, "title": driver.title}


def see(order):
    return {"text": find(order).text, "url": driver.current_url, "title": driver.title}


def click(order):
    find(order).click()


def write(order):
    element = find(order)
    element.clear()
    element.send_keys(order["value"])


def count(order):
    return {"count": len(driver.find_elements(By.CSS_SELECTOR, order["selector"]))}


def evaluate(order):
    return {"value": driver.execute_script(order["script"])}


def requests(order):
    """The addresses of all that was asked for so far, and what the console has."""
    urls = []
    for entry in driver.get_log("performance"):
        message = json.loads(entry["message"])["message"]
        if message["method"] == "Network.requestWillBeSent":
            urls.append(message["params"]["request"]["url"])
    console = [entry["message"] for entry in driver.get_log("browser")]
    return {"urls": urls, "console": console}


def photograph(order):
    """Takes a picture of a page of that size, in the colours of the scheme."""
    driver.execute_cdp_cmd(
        "Emulation.setEmulatedMedia",
        {"features": [{"name": "prefers-color-scheme", "value": order.get("scheme", "light")}]},
    )
    driver.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": order["width"], "height": order["height"], "deviceScaleFactor": 1, "mobile": False},
    )
    driver.save_screenshot(order["file"])
    return {
        "overflow": driver.execute_script(
            "return document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
    }


ORDERS = {"open": open_page} | {
    order.__name__: order for order in (see, click, write, count, evaluate, requests, photograph)
}

def obey(order):
    """Does what is ordered; again where the element was swapped for another before anything was done to it."""
    for _ in range(20):
        try:
            return ORDERS[order["do"]](order) or {}
        except StaleElementReferenceException:
            pass
    return ORDERS[order["do"]](order) or {}


try:
    for line in sys.stdin:
        order = json.loads(line)
        answer = {}
        try:
            answer = obey(order)
        except WebDriverException as error:
            answer["error"] = str(error)
        print(json.dumps(answer), flush=True)
finally:
    driver.quit()
