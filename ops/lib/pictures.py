"""Photographs the page of a gateway: pictures.py URL DIRECTORY writes overview.png and execution.png."""
import sys
import time

from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By

url, directory = sys.argv[1:]
options = webdriver.ChromeOptions()
options.binary_location = "/usr/bin/chromium"
for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--window-size=1200,900"):
    options.add_argument(argument)
driver = webdriver.Chrome(service=Service("/usr/bin/chromedriver"), options=options)


def photograph(path, name, height):
    driver.get(f"{url}{path}")
    driver.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": 1200, "height": height, "deviceScaleFactor": 1, "mobile": False},
    )
    time.sleep(1)  # The fragment that follows the document.
    driver.save_screenshot(f"{directory}/{name}.png")


try:
    photograph("/", "overview", 700)
    driver.get(f"{url}/ui/executions?state=failed")
    link = driver.find_element(By.CSS_SELECTOR, "td.mono a").get_attribute("href")
    photograph(link.removeprefix(url), "execution", 900)
finally:
    driver.quit()
